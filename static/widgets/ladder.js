// The best levels of both sides with their running total. Own orders are marked at their price. Rows are kept and
// rewritten, so that focus stays where it is while the book moves.

import { format, largest, parse } from "../decimal.js";
import { spreadOf } from "./quote.js";

const LEVELS = 10;

export function createLadder({ onPrice }) {
  const asks = createSide("asks", onPrice, (rows) => rows.toReversed());
  const bids = createSide("bids", onPrice, (rows) => rows);
  const last = document.getElementById("ladder-last");
  const spread = document.getElementById("ladder-spread");

  return {
    // `own` has, for each side, the remaining quantity of own orders by price.
    show(view, own) {
      const shown = [view?.asks ?? [], view?.bids ?? []].map((levels) => withTotals(levels.slice(0, LEVELS)));
      const most = largest(shown.map((levels) => levels.at(-1)?.total ?? 0n));
      asks.show(shown[0], most, own.SELL);
      bids.show(shown[1], most, own.BUY);
      last.textContent = view?.lastPrice ?? "–";
      last.className = { BUY: "bid", SELL: "ask" }[view?.trades[0]?.taker_side] ?? "";
      spread.textContent = spreadOf(view) ? `spread ${spreadOf(view)}` : "";
    },
  };
}

function withTotals(levels) {
  let total = 0n;
  return levels.map(([price, quantity, orders]) => ({ price, quantity, orders, total: (total += parse(quantity)) }));
}

function createSide(id, onPrice, arrange) {
  const rows = Array.from({ length: LEVELS }, () => createRow(onPrice));
  rows[0].button.tabIndex = 0;
  document.getElementById(id).replaceChildren(...arrange(rows.map(({ row }) => row)));
  return { show: (levels, most, own) => rows.forEach(({ show }, place) => show(levels[place], most, own)) };
}

function createRow(onPrice) {
  const row = document.createElement("tr");
  const [price, quantity, total] = [0, 1, 2].map(() => row.appendChild(document.createElement("td")));
  const button = document.createElement("button");
  const mine = document.createElement("span");
  price.append(button, " ", mine);
  button.type = "button";
  button.tabIndex = -1;
  button.addEventListener("click", () => onPrice(button.textContent));
  mine.className = "own";
  mine.title = "Mine";

  function show(level, most, own) {
    const share = level && most > 0n ? Number((level.total * 1000n) / most) / 10 : 0;
    row.style.setProperty("--share", `${share}%`);
    write(button, level?.price ?? "");
    write(quantity, level?.quantity ?? "");
    write(total, level ? format(level.total) : "");
    button.hidden = !level;
    row.title = level ? `${level.orders} ${level.orders === 1 ? "order" : "orders"}` : "";
    const remaining = level && own.get(parse(level.price));
    write(mine, remaining ? format(remaining) : "");
    mine.hidden = !remaining;
    row.toggleAttribute("data-own", Boolean(remaining));
  }

  return { row, button, show };
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
