// What each type of order takes, and which checks it can fail before it is sent. The exchange has the last word.

import { absolute, format, ONE, parse, product } from "./decimal.js";

export const RESTING_TIMES = ["GTC", "DAY", "GTD"];
const ALL_TIMES = ["GTC", "DAY", "GTD", "IOC", "FOK"];
const TERMS = {
  LIMIT: { prices: ["price"], times: ALL_TIMES },
  MARKET: { prices: [], times: ["GTC", "DAY", "IOC", "FOK"] },
  STOP: { prices: ["stop_price"], times: RESTING_TIMES },
  STOP_LIMIT: { prices: ["stop_price", "price"], times: ALL_TIMES },
  TRAILING_STOP: { prices: ["trail_amount"], times: RESTING_TIMES },
};
const PRICES = ["price", "stop_price", "trail_amount"];
const QUANTITIES = ["quantity", "display_quantity"];
const LARGEST = 10_000_000_000n * ONE;
const ABSURD_PERCENT = 10n;
const MISSING = {
  quantity: "How much?",
  price: "At which price?",
  stop_price: "At which last price?",
  trail_amount: "How far behind the last price?",
  expire_at: "Until when?",
};

export function timesOf(type) {
  return TERMS[type].times;
}

// The fields that an order of this type and time has, besides side, quantity and owner.
export function fieldsOf(type, time) {
  const fields = new Set(TERMS[type].prices);
  if (time === "GTD") fields.add("expire_at");
  if (type === "LIMIT" && RESTING_TIMES.includes(time)) fields.add("display_quantity").add("post_only");
  return fields;
}

export function missingFields(order) {
  const wanted = ["quantity", ...fieldsOf(order.type, order.time_in_force)].filter((name) => name in MISSING);
  return Object.fromEntries(wanted.filter((name) => !order[name]).map((name) => [name, MISSING[name]]));
}

// Returns the first thing wrong with each field that is filled in.
// `market` has instrument, lastPrice, limits, position, openOrders, openQuantity; what is not known is not checked.
export function wrongFields(order, market) {
  const errors = {};
  const say = (name, sentence) => sentence && !(name in errors) && (errors[name] = sentence);
  for (const name of PRICES) if (order[name]) say(name, wrongAmount(order[name], market.instrument?.tick_size, "tick"));
  for (const name of QUANTITIES) if (order[name]) say(name, wrongAmount(order[name], market.instrument?.lot_size, "lot"));
  if (order.price) say("price", outsideBand(order.price, market));
  if (order.display_quantity) say("display_quantity", wrongDisplay(order));
  for (const [name, sentence] of overLimits(order, market)) say(name, sentence);
  return errors;
}

function wrongAmount(text, stepText, stepName) {
  const amount = parse(text);
  if (amount === null) return "Write a number of at most 8 decimals.";
  if (amount <= 0n) return "Must be more than 0.";
  if (amount > LARGEST) return "Must be at most 10\u2009000\u2009000\u2009000.";
  const step = parse(stepText);
  return step ? offStep(amount, step, stepText, stepName) : null;
}

function offStep(amount, step, stepText, stepName) {
  const below = amount - (amount % step);
  if (below === amount) return null;
  const nearest = [below, below + step].filter((near) => near > 0n).map((near) => format(near));
  return `Not a multiple of the ${stepName} ${stepText}: ${nearest.join(" or ")}?`;
}

function outsideBand(text, { instrument, lastPrice }) {
  const price = parse(text);
  const middle = parse(lastPrice ?? instrument?.reference_price);
  const width = parse(instrument?.price_band_percent);
  if (price === null || !middle || !width || instrument.state === "PRE_OPEN") return null;
  if (absolute(price - middle) * 100n * ONE <= width * middle) return null;
  return `Outside the band of ${instrument.price_band_percent} % around ${lastPrice ?? instrument.reference_price}.`;
}

function wrongDisplay({ display_quantity, quantity }) {
  const [shown, whole] = [parse(display_quantity), parse(quantity)];
  if (shown === null || whole === null) return null;
  if (shown > whole) return "Must be at most the quantity.";
  return shown * 100n < whole ? "At least a hundredth must show." : null;
}

function* overLimits(order, { limits, position = 0n, openOrders = 0, openQuantity = {} }) {
  const quantity = parse(order.quantity);
  if (!limits || quantity === null) return;
  const over = (name, amount) => parse(limits[name]) !== null && amount > parse(limits[name]);
  const price = parse(order.price);
  if (over("max_order_quantity", quantity)) yield ["quantity", `Your limit is ${limits.max_order_quantity} an order.`];
  if (price !== null && over("max_order_notional", product(price, quantity))) {
    yield ["quantity", `Price times quantity is over your limit of ${limits.max_order_notional}.`];
  }
  const held = order.side === "BUY" ? position : -position;
  if (over("max_position", held + (openQuantity[order.side] ?? 0n) + quantity)) {
    yield ["quantity", `Your position could pass your limit of ${limits.max_position}.`];
  }
  const mayRest = RESTING_TIMES.includes(order.time_in_force) && order.type !== "MARKET";
  if (mayRest && limits.max_open_orders !== null && openOrders >= limits.max_open_orders) {
    yield ["quantity", `You have ${openOrders} open orders, as many as you may.`];
  }
}

// What the order would trade against the book right now: quantity, price times quantity, worst price.
export function wouldTake(order, book) {
  const quantity = parse(order.quantity);
  const limit = order.type === "LIMIT" ? parse(order.price) : null;
  if (!quantity || !["LIMIT", "MARKET"].includes(order.type) || (order.type === "LIMIT" && limit === null)) return null;
  const buys = order.side === "BUY";
  let [left, notional, worst] = [quantity, 0n, null];
  for (const [priceText, quantityText] of buys ? book.asks : book.bids) {
    const price = parse(priceText);
    if (left === 0n || (limit !== null && (buys ? price > limit : price < limit))) break;
    const step = left < parse(quantityText) ? left : parse(quantityText);
    [left, notional, worst] = [left - step, notional + product(price, step), price];
  }
  return { quantity: quantity - left, notional, worst };
}

// Says why a price is so far off that the order should be asked about first; null if it is not.
export function absurdity(order, book, lastPrice) {
  const buys = order.side === "BUY";
  const reference = parse((buys ? book.asks : book.bids)[0]?.[0] ?? lastPrice);
  const named = ["LIMIT", "STOP_LIMIT"].includes(order.type) ? parse(order.price) : wouldTake(order, book)?.worst;
  if (!reference || named === null || named === undefined) return null;
  const worse = buys ? named - reference : reference - named;
  if (worse * 100n <= reference * ABSURD_PERCENT) return null;
  const percent = format((worse * 100n * ONE) / reference, 0);
  return `${format(named)} is ${percent} % ${buys ? "above" : "below"} ${format(reference)}, the market's price.`;
}
