// The ticket says what is wrong with an order before it is sent.

import assert from "node:assert/strict";
import test from "node:test";

import { absurdity, fieldsOf, missingFields, timesOf, wouldTake, wrongFields } from "../../static/order_terms.js";

const INSTRUMENT = { tick_size: "0.05", lot_size: "10", price_band_percent: "10", reference_price: "100", state: "OPEN" };
const BOOK = { bids: [["99", "5", 1], ["98", "5", 2]], asks: [["101", "5", 1], ["102", "5", 1], ["150", "5", 1]] };

function limit(terms) {
  return { side: "BUY", type: "LIMIT", time_in_force: "GTC", quantity: "10", price: "100", ...terms };
}

function market(more = {}) {
  return { instrument: INSTRUMENT, lastPrice: "100", ...more };
}

test("each type of order has its own fields", () => {
  const offered = (type, time) => [...fieldsOf(type, time)].sort();
  assert.deepEqual(offered("LIMIT", "GTC"), ["display_quantity", "post_only", "price"]);
  assert.deepEqual(offered("LIMIT", "IOC"), ["price"]);
  assert.deepEqual(offered("MARKET", "FOK"), []);
  assert.deepEqual(offered("STOP", "DAY"), ["stop_price"]);
  assert.deepEqual(offered("STOP_LIMIT", "IOC"), ["price", "stop_price"]);
  assert.deepEqual(offered("TRAILING_STOP", "GTD"), ["expire_at", "trail_amount"]);
  assert.deepEqual(timesOf("STOP"), ["GTC", "DAY", "GTD"]);
});

test("what is missing is asked for, and nothing else", () => {
  assert.deepEqual(Object.keys(missingFields({ type: "LIMIT", time_in_force: "GTC" })), ["quantity", "price"]);
  assert.deepEqual(Object.keys(missingFields({ type: "STOP", time_in_force: "GTD", quantity: "1" })), ["stop_price", "expire_at"]);
  assert.deepEqual(missingFields({ type: "MARKET", time_in_force: "IOC", quantity: "1" }), {});
});

test("an order that keeps all rules has nothing wrong", () => {
  assert.deepEqual(wrongFields(limit({ display_quantity: "10" }), market()), {});
  assert.deepEqual(wrongFields(limit({ price: "0.123" }), {}), {}); // Nothing is known of the instrument.
});

test("amounts off their step name the nearest that are on it", () => {
  assert.equal(wrongFields(limit({ price: "100.12" }), market()).price, "Not a multiple of the tick 0.05: 100.1 or 100.15?");
  assert.equal(wrongFields(limit({ quantity: "4" }), market()).quantity, "Not a multiple of the lot 10: 10?");
  assert.match(wrongFields(limit({ quantity: "0" }), market()).quantity, /more than 0/);
  assert.match(wrongFields(limit({ quantity: "10000000010" }), market()).quantity, /at most/);
  assert.match(wrongFields(limit({ price: "12x" }), market()).price, /number/);
});

test("the edges of the price band are inside", () => {
  assert.deepEqual(wrongFields(limit({ price: "110" }), market()), {});
  assert.match(wrongFields(limit({ price: "110.05" }), market()).price, /band of 10 % around 100/);
  assert.match(wrongFields(limit({ price: "89.95" }), market({ lastPrice: null })).price, /band/);
  assert.deepEqual(wrongFields(limit({ price: "200" }), market({ instrument: { ...INSTRUMENT, state: "PRE_OPEN" } })), {});
});

test("the limits of the user are known, open orders and position included", () => {
  const limits = { max_order_quantity: "100", max_order_notional: "5000", max_open_orders: 2, max_position: "60" };
  const wrong = (terms, more) => wrongFields(limit(terms), market({ limits, ...more })).quantity;
  assert.equal(wrong({ quantity: "50" }), undefined);
  assert.match(wrong({ quantity: "110" }), /limit is 100/);
  assert.match(wrong({ quantity: "60" }), /over your limit of 5000/);
  assert.match(wrong({ quantity: "20" }, { position: 5_000_000_000n }), /position/);
  assert.equal(wrong({ quantity: "20", side: "SELL" }, { position: 5_000_000_000n }), undefined);
  assert.match(wrong({ quantity: "10" }, { openQuantity: { BUY: 6_000_000_000n } }), /position/);
  assert.match(wrong({}, { openOrders: 2 }), /as many as you may/);
  assert.equal(wrong({ time_in_force: "IOC" }, { openOrders: 2 }), undefined);
});

test("an iceberg shows a hundredth at least, and its whole at most", () => {
  assert.match(wrongFields(limit({ display_quantity: "20" }), market()).display_quantity, /at most/);
  assert.match(wrongFields(limit({ quantity: "2000", display_quantity: "10" }), market()).display_quantity, /hundredth/);
});

test("what would trade at once is counted level by level, to the limit", () => {
  const taken = wouldTake(limit({ quantity: "8", price: "102" }), BOOK);
  assert.deepEqual([taken.quantity, taken.notional, taken.worst], [800_000_000n, 81_100_000_000n, 10_200_000_000n]);
  assert.equal(wouldTake(limit({ price: "100.95" }), BOOK).quantity, 0n);
  assert.equal(wouldTake({ ...limit({ quantity: "50" }), type: "MARKET", side: "SELL" }, BOOK).quantity, 1_000_000_000n);
  assert.equal(wouldTake(limit({ type: "STOP" }), BOOK), null);
});

test("a price far worse than the market's is asked about, a better one is not", () => {
  assert.match(absurdity(limit({ price: "151.5" }), BOOK, "100"), /151.5 is 50 % above 101/);
  assert.equal(absurdity(limit({ price: "111" }), BOOK, "100"), null);
  assert.equal(absurdity(limit({ price: "1" }), BOOK, "100"), null);
  assert.match(absurdity(limit({ side: "SELL", price: "9.9" }), BOOK, "100"), /90 % below 99/);
  assert.match(absurdity({ ...limit({ quantity: "15" }), type: "MARKET" }, BOOK, "100"), /150 is 49 % above 101/);
  assert.equal(absurdity(limit({ price: "1000" }), { bids: [], asks: [] }, null), null);
});
