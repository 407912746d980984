// What became of an order is said as it is: one that got nothing is no success.

import assert from "node:assert/strict";
import test from "node:test";

import { outcomeOf, priceOf } from "../../static/words.js";
import { profitOf } from "../../static/widgets/positions.js";

const ORDER = { order_id: "7", side: "BUY", symbol: "AAPL", type: "LIMIT", quantity: "10", filled_quantity: "0", price: "1.50", status: "OPEN", reason: null };

test("an order that rests, waits or is filled is good news", () => {
  assert.deepEqual(outcomeOf(ORDER), { title: "Buy 10 AAPL rests on the book.", detail: "At 1.50. Order 7.", tone: "good" });
  assert.equal(outcomeOf({ ...ORDER, status: "PENDING", stop_price: "2.00" }).tone, "good");
  const filled = outcomeOf({ ...ORDER, status: "FILLED", filled_quantity: "10", average_price: "1.45" });
  assert.deepEqual([filled.tone, filled.detail], ["good", "Traded 10 of 10 at 1.45. Order 7."]);
});

test("an order that got nothing is not", () => {
  const order = { ...ORDER, type: "MARKET", price: null, status: "CANCELED", reason: "no_liquidity" };
  assert.deepEqual(outcomeOf(order), { title: "Buy 10 AAPL got nothing and was canceled.", detail: "Reason: nothing more was there. Order 7.", tone: "nothing" });
});

test("an order that got a part says which, and why no more", () => {
  const order = { ...ORDER, status: "CANCELED", reason: "ioc_remainder", filled_quantity: "4", average_price: "1.50" };
  const { title, detail, tone } = outcomeOf(order);
  assert.equal(title, "Buy 10 AAPL is partly filled, the rest was canceled.");
  assert.equal(detail, "Traded 4 of 10 at 1.50. Reason: nothing more was there at once. Order 7.");
  assert.equal(tone, "nothing");
});

test("the price of an order is its limit, its stop, or both", () => {
  assert.equal(priceOf(ORDER), "1.50");
  assert.equal(priceOf({ ...ORDER, type: "MARKET", price: null }), "market");
  assert.equal(priceOf({ ...ORDER, type: "STOP_LIMIT", status: "PENDING", stop_price: "2.00" }), "2.00 → 1.50");
  assert.equal(priceOf({ ...ORDER, type: "TRAILING_STOP", price: null, status: "PENDING", stop_price: null, trail_amount: "0.5" }), "?, trails 0.5");
});

test("the profit of a position is what was realized and what is open at the last price", () => {
  const long = { net_quantity: "0.3", total_cost: "0.30", realized_pnl: "1.10" };
  assert.equal(profitOf(long, "1.10"), 113_000_000n);
  assert.equal(profitOf({ net_quantity: "-2", total_cost: "-10", realized_pnl: "0" }, "6"), -200_000_000n);
  assert.equal(profitOf(long, null), 110_000_000n);
});
