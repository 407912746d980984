// The market of a symbol is what the messages of its feed say, whatever comes late or twice.

import assert from "node:assert/strict";
import test from "node:test";

import { Market } from "../../static/feed/market.js";

const SNAPSHOT = { type: "snapshot", symbol: "AAPL", sequence: 4, bids: [["1.00", "5", 1]], asks: [], state: "OPEN", last_price: "1.05", last_trade: null };

function trade(sequence, number, price) {
  return { type: "trade", trade_id: `${sequence}-${number}`, sequence, price, quantity: "1" };
}

test("nothing is known before the snapshot", () => {
  const market = new Market("AAPL");
  assert.equal(market.take({ type: "heartbeat", sequence: 9 }), true);
  assert.equal(market.view(), null);
  assert.equal(market.take({ type: "update", previous_sequence: 4, sequence: 5, bids: [], asks: [] }), false);
});

test("updates, trades and states change the view", () => {
  const market = new Market("AAPL");
  market.take(SNAPSHOT);
  assert.deepEqual([market.view().lastPrice, market.view().state], ["1.05", "OPEN"]);

  market.take(trade(5, 1, "1.00"));
  market.take({ type: "update", previous_sequence: 4, sequence: 5, bids: [["1.00", "0", 0]], asks: [["1.20", "1", 1]] });
  market.take({ type: "state", state: "HALTED" });

  const { bids, asks, lastPrice, state, sequence } = market.view();
  assert.deepEqual([bids, asks, lastPrice, state, sequence], [[], [["1.20", "1", 1]], "1.00", "HALTED", 5]);
});

test("a missed update asks for a resync, and the new snapshot replaces the book", () => {
  const market = new Market("AAPL");
  market.take(SNAPSHOT);
  assert.equal(market.take({ type: "update", previous_sequence: 6, sequence: 7, bids: [], asks: [] }), false);
  assert.equal(market.take({ ...SNAPSHOT, sequence: 7, bids: [["0.90", "1", 1]] }), true);
  assert.deepEqual(market.view().bids, [["0.90", "1", 1]]);
});

test("trades are shown once, newest first, however they come", () => {
  const market = new Market("AAPL");
  market.take({ ...SNAPSHOT, last_trade: trade(9, 2, "9") });
  market.take(trade(10, 1, "10"));
  market.addTrades([trade(9, 10, "8"), trade(9, 2, "9"), trade(8, 1, "7")]);
  assert.deepEqual(market.view().trades.map((each) => each.trade_id), ["10-1", "9-10", "9-2", "8-1"]);
  assert.equal(market.view().lastPrice, "10");
});
