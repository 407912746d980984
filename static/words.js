// The words of the exchange, as people say them.

export const TYPES = { LIMIT: "Limit", MARKET: "Market", STOP: "Stop", STOP_LIMIT: "Stop limit", TRAILING_STOP: "Trailing stop" };
export const STATUSES = { PENDING: "Waiting", OPEN: "Open", PARTIALLY_FILLED: "Part filled", FILLED: "Filled", CANCELED: "Canceled", EXPIRED: "Expired", REJECTED: "Refused" };
export const SIDES = { BUY: "Buy", SELL: "Sell" };
const REASONS = {
  user_requested: "as asked",
  ioc_remainder: "nothing more was there at once",
  fok_unfilled: "it could not be filled whole at once",
  no_liquidity: "nothing more was there",
  self_trade: "it met an own order",
  price_band: "the price band ended",
  trade_limit: "it had made as many trades as one order may",
  user_disabled: "the user was disabled",
};

export function reasonOf(order) {
  return order.reason ? (REASONS[order.reason] ?? order.reason.replaceAll("_", " ")) : "";
}

// What the price of an order is: a limit, a stop, both, or none.
export function priceOf(order) {
  const limit = order.price ?? (order.type === "LIMIT" ? "" : "market");
  if (order.status !== "PENDING") return limit;
  const stop = order.trail_amount ? `${order.stop_price ?? "?"}, trails ${order.trail_amount}` : order.stop_price;
  return order.price ? `${stop} → ${order.price}` : stop;
}

// What became of an order: the title and details for people, and the tone. One that got nothing is nothing good.
export function outcomeOf(order) {
  const what = `${SIDES[order.side]} ${order.quantity} ${order.symbol}`;
  const filled = /[1-9]/.test(order.filled_quantity);
  const traded = filled ? `Traded ${order.filled_quantity} of ${order.quantity} at ${order.average_price}.` : "";
  const reason = reasonOf(order);
  const title = {
    PENDING: `${what} waits for its stop price`,
    OPEN: `${what} rests on the book`,
    PARTIALLY_FILLED: `${what} is partly filled, the rest is on the book`,
    FILLED: `${what} is filled`,
    CANCELED: filled ? `${what} is partly filled, the rest was canceled` : `${what} got nothing and was canceled`,
    EXPIRED: `${what} expired`,
  }[order.status];
  const ended = ["CANCELED", "EXPIRED"].includes(order.status);
  const resting = order.price && !ended && order.status !== "FILLED" ? `At ${priceOf(order)}.` : "";
  const details = [traded, resting, ended && reason ? `Reason: ${reason}.` : "", `Order ${order.order_id}.`];
  return { title: `${title}.`, detail: details.filter(Boolean).join(" "), tone: ended ? "nothing" : "good" };
}
