// Joins the widgets: which symbol is shown, what each of them is told, and what the keys do.

import { createAccount } from "./account.js";
import { get, getOwn } from "./api.js";
import { followMarket } from "./feed/feed.js";
import { followOwn } from "./own.js";
import { repeat } from "./repeat.js";
import { createCandles } from "./widgets/candles.js";
import { createDepthChart } from "./widgets/depth_chart.js";
import { createFirstStart } from "./widgets/first_start.js";
import { createLadder } from "./widgets/ladder.js";
import { createMarkets } from "./widgets/markets.js";
import { createOrders } from "./widgets/orders.js";
import { createPositions } from "./widgets/positions.js";
import { isAsking } from "./widgets/question.js";
import { createQuote } from "./widgets/quote.js";
import { createStatus } from "./widgets/status.js";
import { createTape } from "./widgets/tape.js";
import { createTheme } from "./widgets/theme.js";
import { createTicket } from "./widgets/ticket.js";

const MARKETS_MS = 2_000;
const INSTRUMENTS_MS = 10_000;

let view = null;
let feed = null;
let isDrawing = false;
const instruments = new Map();
const lastPrices = new Map();

const status = createStatus({ onChange: () => ticket.lock() });
const isLocked = () => !status.isLive();
const quote = createQuote();
const candles = createCandles();
const depthChart = createDepthChart();
const tape = createTape();
const positions = createPositions();
const ladder = createLadder({ onPrice: (price) => ticket.usePrice(price) });
const account = createAccount({ onChange: () => own.begin(), askWhose: () => getOwn("/whoami") });
const orders = createOrders({ onChanged: () => own.now(), isLocked });
const own = followOwn({ onChange: showOwn, onTrouble: ownFailed, wantsAll: orders.showsAll });
const markets = createMarkets({ onChoose: showSymbol });
const ticket = createTicket({ account, market: knownMarket, isLocked, onPlaced: () => own.now() });
const firstStart = createFirstStart({ onMade: () => marketsLook.now() });
createTheme({ onChange: candles.paint });

const marketsLook = repeat(lookAtMarkets, MARKETS_MS, status.failed);
const instrumentsLook = repeat(lookAtInstruments, INSTRUMENTS_MS, status.failed);

function knownMarket() {
  const symbol = markets.symbol();
  return { symbol, view, instrument: instruments.get(symbol), standing: own.standing(symbol) };
}

async function lookAtMarkets() {
  const page = await get("/market");
  for (const market of page.markets) lastPrices.set(market.symbol, market.last_price);
  markets.show(page.markets);
  firstStart.show(page.markets.length === 0 && !markets.symbol());
  quote.showStatistics(page.markets.find((market) => market.symbol === markets.symbol()) ?? (await chosenOne("/market")));
  if (!markets.symbol()) status.heard("Nothing is listed yet");
  if (page.markets.some((market) => !instruments.has(market.symbol))) instrumentsLook.now();
}

// The lists may be longer than a page; what is looked at may be on a later one.
async function chosenOne(path) {
  const symbol = markets.symbol();
  if (!symbol) return null;
  return get(`${path}/${encodeURIComponent(symbol)}`).catch((error) => {
    if (error.status === 404) return null;
    throw error;
  });
}

async function lookAtInstruments() {
  const listed = (await get("/instruments")).instruments;
  if (!listed.some((instrument) => instrument.symbol === markets.symbol())) listed.push(...[await chosenOne("/instruments")].filter(Boolean));
  for (const instrument of listed) instruments.set(instrument.symbol, instrument);
  markets.offer(listed.map((instrument) => instrument.symbol));
}

function showSymbol(symbol) {
  feed?.stop();
  view = null;
  quote.showSymbol(symbol);
  quote.showStatistics(null);
  candles.showSymbol(symbol);
  ticket.useSymbol();
  firstStart.show(false);
  if (!instruments.has(symbol)) instrumentsLook.now();
  draw();
  feed = followMarket(symbol, {
    onView(next) {
      view = next;
      lastPrices.set(symbol, next.lastPrice);
      status.heard(next.source);
      drawSoon();
    },
    onTrouble(error) {
      if (error.code !== "unknown_symbol") return status.failed(error);
      status.heard("REST", `Nothing is listed as ${symbol} yet. The first order may list it.`);
    },
  });
}

// A wrong key, or another user's, hides what is one's own; the market goes on.
function ownFailed(error) {
  if ([401, 403, 404].includes(error.status)) account.complain(error.message);
  else status.failed(error);
}

function showOwn() {
  orders.show(own.current());
  positions.show(own.current(), lastPrices);
  drawSoon();
}

// However often the market moves, it is drawn once a frame.
function drawSoon() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    draw();
  });
}

function draw() {
  quote.show(view);
  ladder.show(view, own.resting(markets.symbol()));
  depthChart.show(view);
  tape.show(view?.trades ?? []);
  candles.follow(view?.trades ?? []);
  ticket.follow();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isAsking()) return;
  if (event.key === "Escape") return leave(event);
  if (event.target.closest("input:not([type=radio], [type=checkbox]), select, textarea")) return;
  const side = { b: "BUY", s: "SELL" }[event.key.toLowerCase()];
  if (!side) return;
  event.preventDefault();
  ticket.open(side);
});

// Escape closes what is open, then leaves the field, and with nothing left to leave it asks to cancel all orders.
function leave(event) {
  event.preventDefault();
  if (orders.leaveRow() || ticket.close()) return;
  if (event.target.closest("input, select")) return event.target.blur();
  orders.cancelAll();
}
