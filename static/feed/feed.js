// The market of one symbol, from whichever source the exchange offers. Each view is of one sequence:
// { symbol, sequence, state, bids, asks, trades (newest first), lastPrice, indicative_... while PRE_OPEN }.

import { pollMarket } from "./polling.js";

export function followMarket(symbol, callbacks) {
  return pollMarket(symbol, callbacks);
}
