// The market of one symbol: streamed, or asked for again and again while the exchange refuses that. Each view is of one
// sequence: { symbol, sequence, state, bids, asks, trades (newest first), lastPrice, source }, and while PRE_OPEN
// indicative_price, indicative_quantity, indicative_imbalance.

import { pollMarket } from "./polling.js";
import { streamMarket } from "./stream.js";

const RETRY_MS = 3_000;

export function followMarket(symbol, { onView, onTrouble }) {
  let polling = null;
  let stream = null;
  let retry = null;
  let isStopped = false;

  function begin() {
    stream = streamMarket(symbol, {
      onView(view) {
        polling?.stop();
        polling = null;
        onView(view);
      },
      // A symbol that is not listed has no stream either: the responses of REST say so.
      onEnd() {
        if (isStopped) return;
        poll();
        retry = setTimeout(begin, RETRY_MS);
      },
    });
  }

  function poll() {
    polling ??= pollMarket(symbol, { onView: (view) => onView({ ...view, source: "REST" }), onTrouble });
  }

  begin();
  return {
    stop() {
      isStopped = true;
      clearTimeout(retry);
      stream?.stop();
      polling?.stop();
    },
  };
}
