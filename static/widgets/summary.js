// The top of the book, the last price, and the last 24 hours.

import { difference } from "../decimal.js";

const NONE = "–";

export function createSummary() {
  const part = (id) => document.getElementById(id);
  const write = (id, text) => (part(id).textContent = text ?? NONE);

  return {
    showSymbol(symbol) {
      for (const element of document.querySelectorAll("[data-symbol]")) element.textContent = symbol;
      document.title = `${symbol} · Order engine`;
    },
    showTop(book) {
      const [bid, ask] = [book?.bids[0], book?.asks[0]];
      write("best-bid", bid?.[0]);
      write("best-ask", ask?.[0]);
      part("best-bid-quantity").textContent = bid ? `× ${bid[1]}` : "";
      part("best-ask-quantity").textContent = ask ? `× ${ask[1]}` : "";
      write("spread", bid && ask ? difference(ask[0], bid[0]) : null);
    },
    showMarket(market) {
      write("last-price", market?.last_price);
      for (const name of ["open", "high", "low", "vwap", "volume"]) write(name, market?.[name]);
      write("trade-count", market?.trade_count);
    },
  };
}
