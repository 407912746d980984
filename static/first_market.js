// A small market that the page itself plays, for somebody who is alone on a new exchange: a maker who quotes both sides
// around a price that wanders, and a taker who trades now and then. It ends with the page.

import { post, remove } from "./api.js";

export const SYMBOL = "DEMO";
const MAKER = "demo-maker";
const TAKER = "demo-taker";
const LEVELS = 12;
const EVERY_MS = 900;

export async function playMarket() {
  let cents = 10_000;
  const turn = async () => {
    cents = Math.max(500, cents + Math.round((Math.random() - 0.5) * 8));
    await remove(`/orders?user_id=${MAKER}&symbol=${SYMBOL}`);
    await post("/orders/batch", { orders: [...quotes(cents), ...takes()] });
    setTimeout(() => turn().catch(() => {}), EVERY_MS);
  };
  await turn();
}

function quotes(cents) {
  return Array.from({ length: 2 * LEVELS }, (_, place) => {
    const [isBuy, level] = [place % 2 === 0, 1 + (place >> 1)];
    const price = cents + (isBuy ? -level : level) * 2 - (isBuy ? 1 : -1);
    return order(MAKER, isBuy ? "BUY" : "SELL", { quantity: 1 + Math.floor(Math.random() * 12 * level), price: written(price) });
  });
}

function takes() {
  const side = Math.random() < 0.5 ? "BUY" : "SELL";
  return Math.random() < 0.7 ? [order(TAKER, side, { type: "MARKET", quantity: 1 + Math.floor(Math.random() * 15) })] : [];
}

function order(user, side, terms) {
  return { user_id: user, symbol: SYMBOL, side, ...terms, quantity: String(terms.quantity) };
}

function written(cents) {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
}
