// The market of one symbol as the messages of its feed tell it: snapshot, update, trade, state, heartbeat.

import { Book } from "./book.js";

const TRADES = 60;

export class Market {
  constructor(symbol) {
    this.symbol = symbol;
    this.book = null;
    this.state = null;
    this.trades = [];
    this.firstPrice = null;
  }

  // Returns whether the book is still the exchange's; if not, a resync is needed.
  take(message) {
    if (message.type === "snapshot") this.#begin(message);
    else if (message.type === "update") return this.book !== null && this.book.apply(message);
    else if (message.type === "trade") this.addTrades([message]);
    else if (message.type === "state") this.state = message.state;
    return true;
  }

  // Adds trades, newest first; those that are known are not added again.
  addTrades(trades) {
    const known = new Set(this.trades.map((trade) => trade.trade_id));
    const all = [...trades.filter((trade) => !known.has(trade.trade_id)), ...this.trades];
    this.trades = all.sort((one, other) => other.sequence - one.sequence || numberOf(other) - numberOf(one)).slice(0, TRADES);
  }

  view() {
    if (this.book === null) return null;
    const { symbol, state, trades, book } = this;
    return { symbol, state, trades, sequence: book.sequence, bids: book.bids, asks: book.asks, lastPrice: trades[0]?.price ?? this.firstPrice };
  }

  #begin(snapshot) {
    this.book = new Book(snapshot);
    this.state = snapshot.state;
    this.firstPrice = snapshot.last_price;
    if (snapshot.last_trade) this.addTrades([snapshot.last_trade]);
  }
}

// A trade's id ends with its number among the trades of its command.
function numberOf(trade) {
  return Number(trade.trade_id.split("-").at(-1));
}
