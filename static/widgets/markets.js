// All symbols with their last price and change. The one that is shown is kept in the address.

import { format, parse, percent, signed } from "../decimal.js";

const FORM = /^[A-Z0-9][A-Z0-9._-]{0,31}$/;
const ROWS = 200;

export function createMarkets({ onChoose }) {
  const form = document.getElementById("symbol-form");
  const input = document.getElementById("symbol");
  const list = document.getElementById("markets");
  const rows = new Map();
  let chosen = fromAddress();

  function choose(symbol) {
    chosen = symbol;
    for (const [each, row] of rows) row.mark(each === symbol);
    onChoose(symbol);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const symbol = input.value.trim().toUpperCase();
    input.setCustomValidity(FORM.test(symbol) ? "" : "A symbol is 1 to 32 of A–Z, 0–9, dot, underscore, hyphen.");
    if (!form.reportValidity()) return;
    input.value = "";
    location.hash = symbol;
  });
  input.addEventListener("input", () => input.setCustomValidity(""));
  addEventListener("hashchange", () => fromAddress() && choose(fromAddress()));
  if (chosen) queueMicrotask(() => choose(chosen));

  return {
    symbol: () => chosen,
    show(markets) {
      if (!chosen && markets.length) choose(markets[0].symbol);
      for (const market of markets.slice(0, ROWS)) {
        if (!rows.has(market.symbol)) addRow(market.symbol);
        rows.get(market.symbol).show(market);
      }
    },
    offer(symbols) {
      document.getElementById("symbols").replaceChildren(...symbols.map((value) => Object.assign(document.createElement("option"), { value })));
    },
  };

  function addRow(symbol) {
    rows.set(symbol, createRow(symbol));
    rows.get(symbol).mark(symbol === chosen);
    const sorted = [...rows.keys()].sort();
    list.insertBefore(rows.get(symbol).item, list.children[sorted.indexOf(symbol)] ?? null);
  }
}

function fromAddress() {
  try {
    const symbol = decodeURIComponent(location.hash.slice(1)).toUpperCase();
    return FORM.test(symbol) ? symbol : null;
  } catch {
    return null; // An address that cannot be read names no symbol.
  }
}

function createRow(symbol) {
  const item = document.createElement("li");
  const link = item.appendChild(document.createElement("a"));
  link.href = `#${encodeURIComponent(symbol)}`;
  const cells = {};
  for (const name of ["symbol", "price", "state", "change"]) {
    cells[name] = link.appendChild(document.createElement("span"));
    cells[name].className = `market-${name}`;
  }
  cells.symbol.textContent = symbol;
  return {
    item,
    mark: (isChosen) => (isChosen ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")),
    show(market) {
      cells.price.textContent = market.last_price ?? "–";
      cells.state.textContent = market.state === "OPEN" ? volumeOf(market) : market.state.replace("_", " ").toLowerCase();
      showChange(cells.change, market.last_price, market.open, "market-change");
    },
  };
}

function volumeOf({ volume }) {
  const amount = parse(volume);
  const millions = amount >= 1_000_000n * 100_000_000n;
  return `vol ${millions ? `${format(amount / 1_000_000n, 1)} M` : format(amount, amount < 100n * 100_000_000n ? 2 : 0)}`;
}

export function showChange(cell, last, open, className = "change") {
  const change = last && open ? percent(parse(last) - parse(open), parse(open)) : null;
  cell.textContent = change === null ? "" : `${signed(change)} %`;
  cell.className = `${className} ${change === null || !/[1-9]/.test(change) ? "soft" : change.startsWith("-") ? "ask" : "bid"}`;
}
