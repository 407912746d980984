// The market by WebSocket. A book that does not fit is asked for anew; a socket that is silent too long is closed.

import { get } from "../api.js";
import { repeat } from "../repeat.js";
import { Market } from "./market.js";

const LEVELS = 100;
const TRADES = 60;
const SILENCE_MS = 4_000;
const INDICATION_MS = 1_000;

// Calls `onView` with each state of the market, and `onEnd` once when the stream has ended, or was refused.
export function streamMarket(symbol, { onView, onEnd }) {
  const name = encodeURIComponent(symbol);
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/ws/market-data/${name}?levels=${LEVELS}`);
  const market = new Market(symbol);
  let indication = {};
  let indicating = null;
  let silence = null;

  socket.addEventListener("message", (event) => {
    const message = JSON.parse(event.data);
    listen();
    if (!market.take(message)) return socket.send(JSON.stringify({ type: "resync" }));
    if (message.type === "snapshot") readTape(message.sequence);
    if (message.type === "snapshot" || message.type === "state") indicate();
    show();
  });
  socket.addEventListener("close", () => end());
  listen();

  function listen() {
    clearTimeout(silence);
    silence = setTimeout(end, SILENCE_MS);
  }

  function show() {
    const view = market.view();
    if (view) onView({ ...view, ...(view.state === "PRE_OPEN" ? indication : {}), source: "WebSocket" });
  }

  // The feed begins with the newest trade only.
  async function readTape(sequence) {
    const page = await get(`/trades?symbol=${name}&limit=${TRADES}`, { after: sequence }).catch(() => null);
    if (page === null || silence === null) return;
    market.addTrades(page.trades);
    show();
  }

  // What the auction would do is not in the feed.
  function indicate() {
    indicating?.stop();
    indicating = market.state !== "PRE_OPEN" ? null : repeat(async () => {
      const { indicative_price, indicative_quantity, indicative_imbalance } = await get(`/market/${name}/depth?levels=1`);
      indication = { indicative_price, indicative_quantity, indicative_imbalance };
      show();
    }, INDICATION_MS);
  }

  function end() {
    if (silence === null) return;
    stop();
    onEnd();
  }

  function stop() {
    clearTimeout(silence);
    silence = null;
    indicating?.stop();
    socket.close();
  }

  return { stop };
}
