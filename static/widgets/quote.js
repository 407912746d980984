// The head of the symbol: last price and change, top of the book, the last 24 hours, its session and the auction.

import { decimalsOf, format, grouped, parse } from "../decimal.js";
import { showChange } from "./markets.js";

const NONE = "–";
const SESSIONS = { OPEN: "Open", PRE_OPEN: "Before the auction", HALTED: "Halted", CLOSED: "Closed" };
const STATISTICS = { high: "high", low: "low", vwap: "vwap", volume: "volume", "trade-count": "trade_count" };

export function createQuote() {
  const place = (id) => document.getElementById(id);
  const put = (id, text) => {
    if (place(id).textContent !== text) place(id).textContent = text;
  };
  let open = null;

  return {
    showSymbol(symbol) {
      put("symbol-name", symbol);
      document.title = `${symbol} · Order engine`;
    },
    show(view) {
      const [bid, ask, last] = [view?.bids[0]?.[0], view?.asks[0]?.[0], view?.lastPrice];
      put("best-bid", bid ?? NONE);
      put("best-ask", ask ?? NONE);
      put("spread", spreadOf(view) ?? NONE);
      put("last-price", last ? grouped(last) : NONE);
      showChange(place("change"), last, open);
      if (view && last) document.title = `${last} ${view.symbol} · Order engine`;
      showSession(place("session"), view?.state);
      showIndication(place("indication"), view);
    },
    showStatistics(market) {
      open = market?.open ?? null;
      for (const [id, name] of Object.entries(STATISTICS)) {
        const value = market?.[name];
        put(id, value === null || value === undefined ? NONE : grouped(short(String(value), market)));
      }
    },
  };
}

export function spreadOf(view) {
  const [bid, ask] = [view?.bids[0]?.[0], view?.asks[0]?.[0]];
  return bid && ask ? format(parse(ask) - parse(bid), Math.max(decimalsOf(bid), decimalsOf(ask))) : null;
}

// An average and a volume have up to 8 decimals, more than anybody reads.
function short(text, market) {
  const decimals = Math.max(2, decimalsOf(market.last_price));
  return decimalsOf(text) > decimals ? format(parse(text), decimals) : text;
}

function showSession(badge, state) {
  badge.hidden = !state;
  badge.dataset.state = state ?? "";
  if (badge.textContent !== (SESSIONS[state] ?? "")) badge.textContent = SESSIONS[state] ?? "";
}

function showIndication(line, view) {
  line.hidden = view?.state !== "PRE_OPEN";
  if (line.hidden) return;
  const { indicative_price: price, indicative_quantity: quantity, indicative_imbalance: imbalance } = view;
  line.textContent = price ? `The auction would trade ${quantity} at ${price}${leftOver(imbalance)}.` : "The auction would not trade: the book is not crossed.";
}

function leftOver(imbalance) {
  const left = parse(imbalance);
  if (!left) return "";
  return left > 0n ? `, ${format(left)} more to buy` : `, ${format(-left)} more to sell`;
}
