// Candles with their volume. They come from the exchange; between two looks the newest follows the last price.

import { get } from "../api.js";
import { decimalsOf } from "../decimal.js";
import { repeat } from "../repeat.js";
import { CandlestickSeries, createChart, CrosshairMode, HistogramSeries } from "../vendor/lightweight-charts/lightweight-charts.js";
import { colourOf } from "./theme.js";

const SECONDS = { "1s": 1, "1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "1d": 86_400 };
const EVERY_MS = 2_000;
const CANDLES = 500;
// A market that has just begun is looked at by the second.
const FEW_MINUTES = 8;

export function createCandles() {
  const place = document.getElementById("candles");
  const legend = document.getElementById("candle-legend");
  const vacant = document.getElementById("no-candles");
  const buttons = [...document.querySelectorAll("#intervals button")];
  const chart = createChart(place, { autoSize: true, layout: { attributionLogo: false } });
  const prices = chart.addSeries(CandlestickSeries, { priceLineStyle: 1 });
  const volumes = chart.addSeries(HistogramSeries, { priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
  chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
  prices.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.22 } });
  let symbol = null;
  let interval = "1m";
  let newest = null;
  let looking = null;

  for (const button of buttons) button.addEventListener("click", () => choose(button.dataset.interval));
  chart.subscribeCrosshairMove((at) => {
    const candle = at.seriesData.get(prices);
    legend.textContent = candle ? `O ${candle.open}  H ${candle.high}  L ${candle.low}  C ${candle.close}` : "";
  });
  paint();

  function choose(chosen) {
    interval = chosen;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.interval === interval));
    begin();
  }

  function begin() {
    looking?.stop();
    newest = null;
    const [wanted, every] = [symbol, interval];
    looking = symbol && repeat(async () => {
      const path = `/market/${encodeURIComponent(wanted)}/candles?interval=${every}&limit=${newest ? 3 : CANDLES}`;
      const page = await get(path).catch((error) => {
        if (error.status === 404) return { candles: [] };
        throw error;
      });
      if (wanted === symbol && every === interval) draw(page.candles);
    }, EVERY_MS);
  }

  function draw(candles) {
    vacant.hidden = candles.length > 0 || newest !== null;
    if (newest === null) {
      const decimals = decimalsOf(candles[0]?.close);
      prices.applyOptions({ priceFormat: { type: "price", precision: decimals, minMove: 10 ** -decimals } });
      prices.setData(candles.map(priceOf));
      volumes.setData(candles.map(volumeOf));
      chart.timeScale().applyOptions({ secondsVisible: SECONDS[interval] < 60 });
      showNewest(candles.length);
    } else {
      for (const candle of candles) put(candle);
    }
    const last = candles.at(-1);
    if (last && (newest === null || timeOf(last) >= timeOf(newest))) newest = last;
  }

  function showNewest(count) {
    const bars = Math.max(40, Math.floor(place.clientWidth / 9));
    chart.timeScale().setVisibleLogicalRange({ from: count - bars, to: count + 3 });
  }

  function put(candle) {
    const isPast = timeOf(candle) < timeOf(newest);
    prices.update(priceOf(candle), isPast);
    volumes.update(volumeOf(candle), isPast);
  }

  function volumeOf(candle) {
    const rises = Number(candle.close) >= Number(candle.open);
    return { time: timeOf(candle), value: Number(candle.volume), color: rises ? colours.bidFill : colours.askFill };
  }

  function paint() {
    Object.assign(colours, { bid: colourOf("bid"), ask: colourOf("ask"), soft: colourOf("soft"), line: colourOf("as-line"), panel: colourOf("as-panel") });
    Object.assign(colours, { bidFill: faded(colours.bid), askFill: faded(colours.ask) });
    chart.applyOptions({
      layout: { background: { color: colours.panel }, textColor: colours.soft, fontSize: 11, fontFamily: "Inter, system-ui, sans-serif" },
      grid: { vertLines: { color: colours.line }, horzLines: { color: colours.line } },
      rightPriceScale: { borderVisible: false },
      timeScale: { borderVisible: false, timeVisible: true, tickMarkFormatter: tickMark },
      localization: { timeFormatter: (time) => new Date(time * 1000).toLocaleString(undefined, { hour12: false }) },
      crosshair: { mode: CrosshairMode.Normal, vertLine: { color: colours.soft, labelBackgroundColor: colours.soft }, horzLine: { color: colours.soft, labelBackgroundColor: colours.soft } },
    });
    prices.applyOptions({ upColor: colours.bid, downColor: colours.ask, borderVisible: false, wickUpColor: colours.bid, wickDownColor: colours.ask });
  }

  return {
    paint() {
      paint();
      if (symbol) begin();
    },
    async showSymbol(chosen) {
      symbol = chosen;
      looking?.stop();
      prices.setData([]);
      volumes.setData([]);
      const minutes = await get(`/market/${encodeURIComponent(chosen)}/candles?interval=1m&limit=${FEW_MINUTES}`).catch(() => null);
      if (symbol === chosen) choose(minutes && minutes.candles.length < FEW_MINUTES ? "1s" : "1m");
    },
    // Only what stays the same when it is done twice: the volume waits for the next look.
    follow(trades) {
      const trade = trades[0];
      if (!trade || !newest || trade.symbol !== symbol) return;
      const start = Math.floor(Date.parse(trade.executed_at) / 1000 / SECONDS[interval]) * SECONDS[interval];
      if (start < timeOf(newest)) return;
      const { high, low, open } = start === timeOf(newest) ? newest : { high: trade.price, low: trade.price, open: trade.price };
      const [highest, lowest] = [Number(high) > Number(trade.price) ? high : trade.price, Number(low) < Number(trade.price) ? low : trade.price];
      newest = { start: new Date(start * 1000).toISOString(), open, high: highest, low: lowest, close: trade.price };
      prices.update(priceOf(newest));
    },
  };
}

const colours = {};

function timeOf(candle) {
  return Math.floor(Date.parse(candle.start) / 1000);
}

function priceOf(candle) {
  return { time: timeOf(candle), open: Number(candle.open), high: Number(candle.high), low: Number(candle.low), close: Number(candle.close) };
}

function faded(colour) {
  return colour.replace("rgb(", "rgba(").replace(")", ", 0.35)");
}

function tickMark(time, kind) {
  const date = new Date(time * 1000);
  if (kind < 3) return date.toLocaleDateString(undefined, { month: "short", day: "numeric" });
  return date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: kind === 4 ? "2-digit" : undefined, hour12: false });
}
