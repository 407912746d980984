// The market by REST, for where the upgrade to a WebSocket is refused. Book and trades are asked for one after the
// other and shown as of one sequence, so that the last price is always that of the newest trade on the tape.

import { get } from "../api.js";
import { repeat } from "../repeat.js";

const EVERY_MS = 700;
const TIMEOUT_MS = 5_000;
const LEVELS = 100;
const TRADES = 60;

// Calls `onView` with each state of the market, and `onTrouble` with what went wrong instead.
export function pollMarket(symbol, { onView, onTrouble }) {
  const name = encodeURIComponent(symbol);
  let trades = [];

  async function look() {
    const book = await get(`/market/${name}/depth?levels=${LEVELS}`, { timeoutMs: TIMEOUT_MS });
    trades = await tradesUpTo(book.sequence);
    onView({ ...book, trades, lastPrice: trades[0]?.price ?? null });
  }

  async function tradesUpTo(sequence) {
    const path = `/trades?symbol=${name}&limit=${TRADES}`;
    // The tape may stand still while the database is away; the book goes on.
    const page = await get(path, { after: sequence, timeoutMs: TIMEOUT_MS }).catch((error) => {
      if (error.status === 503) return { trades };
      throw error;
    });
    return page.trades.filter((trade) => trade.sequence <= sequence);
  }

  return repeat(look, EVERY_MS, onTrouble);
}
