// The top of the book, where the session is, the last price, and the last 24 hours.

import { difference } from "../decimal.js";

const NONE = "–";
const SESSIONS = { OPEN: "Open", PRE_OPEN: "Before the auction", HALTED: "Halted", CLOSED: "Closed" };

export function createSummary() {
  const part = (id) => document.getElementById(id);
  const write = (id, text) => (part(id).textContent = text ?? NONE);

  function showSession(book) {
    const session = part("session");
    session.hidden = !book;
    if (book && session.dataset.state !== book.state) {
      session.dataset.state = book.state;
      session.textContent = SESSIONS[book.state] ?? book.state;
    }
    part("indication").hidden = book?.state !== "PRE_OPEN";
    write("indicative-price", book?.indicative_price);
    part("indicative-quantity").textContent = book?.indicative_price ? `× ${book.indicative_quantity}${imbalance(book.indicative_imbalance)}` : "";
  }

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
      showSession(book);
    },
    showMarket(market) {
      write("last-price", market?.last_price);
      for (const name of ["open", "high", "low", "vwap", "volume"]) write(name, market?.[name]);
      write("trade-count", market?.trade_count);
    },
  };
}

function imbalance(quantity) {
  if (quantity === "0") return "";
  return quantity.startsWith("-") ? `, ${quantity.slice(1)} more to sell` : `, ${quantity} more to buy`;
}
