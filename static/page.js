// Joins the widgets: which symbol is shown, when each part is refreshed, and whether the exchange responds.

import { get } from "./api.js";
import { poll } from "./poller.js";
import { createDepth } from "./widgets/depth.js";
import { createOrderForm } from "./widgets/order_form.js";
import { createStatus } from "./widgets/status.js";
import { createSummary } from "./widgets/summary.js";
import { createSymbolChooser } from "./widgets/symbol_chooser.js";
import { createTrades } from "./widgets/trades.js";

const BOOK_MS = 1_000;
const TRADES_MS = 1_500;
const STATISTICS_MS = 5_000;
const INSTRUMENTS_MS = 30_000;
const LEVELS = 10;
const TRADES = 30;

const status = createStatus();
const summary = createSummary();
const trades = createTrades();
const orderForm = createOrderForm({ onPlaced: refresh });
const depth = createDepth({ onPrice: (price) => orderForm.usePrice(price) });
const chooser = createSymbolChooser({ onChoice: show });

async function ask(path, shown) {
  const symbol = chooser.symbol();
  const answer = await get(path(encodeURIComponent(symbol))).catch((error) => {
    if (error.code === "unknown_symbol") return null;
    throw error;
  });
  if (symbol !== chooser.symbol()) return; // Another symbol was chosen meanwhile.
  shown(answer, symbol);
}

const pollers = [
  poll(() => ask((symbol) => `/market/${symbol}/depth?levels=${LEVELS}`, showBook), BOOK_MS, status.failed),
  poll(() => ask((symbol) => `/trades?symbol=${symbol}&limit=${TRADES}`, (page) => trades.show(page?.trades ?? [])), TRADES_MS, status.failed),
  poll(() => ask((symbol) => `/market/${symbol}`, summary.showMarket), STATISTICS_MS, status.failed),
];
poll(async () => chooser.offer((await get("/instruments")).instruments), INSTRUMENTS_MS, status.failed);

function showBook(book, symbol) {
  status.live(book ? null : `Nothing is listed as ${symbol} yet. The first order may list it.`);
  summary.showTop(book);
  depth.show(book);
}

function show(symbol) {
  summary.showSymbol(symbol);
  summary.showMarket(null);
  summary.showTop(null);
  depth.show(null);
  trades.show([]);
  orderForm.useSymbol(symbol);
  refresh();
}

function refresh() {
  for (const run of pollers) run();
}
