// My positions: what is held, at which average, and the profit: what was realized, and what is open at the last price.

import { decimalsOf, divided, format, grouped, ONE, parse, signed } from "../decimal.js";

export function createPositions() {
  const body = document.getElementById("positions");
  const vacant = document.getElementById("no-positions");

  return {
    show(own, lastPrices) {
      const held = own.positions;
      body.replaceChildren(...held.map((position) => rowOf(position, lastPrices.get(position.symbol))));
      vacant.hidden = held.length > 0;
      vacant.textContent = own.user ? "Nothing traded yet." : "Positions of the user appear here.";
    },
  };
}

function rowOf(position, lastPrice) {
  const row = document.createElement("tr");
  const decimals = Math.max(2, decimalsOf(lastPrice));
  const profit = profitOf(position, lastPrice);
  const average = position.average_price && format(parse(position.average_price), decimals);
  const cells = [position.symbol, grouped(position.net_quantity), average ? grouped(average) : "–", signed(grouped(format(profit, 2)))];
  for (const text of cells) row.appendChild(document.createElement("td")).textContent = text;
  row.lastChild.className = profit > 0n ? "bid" : profit < 0n ? "ask" : "";
  row.title = `Realized ${position.realized_pnl}`;
  return row;
}

export function profitOf(position, lastPrice) {
  const [realized, net, cost] = [position.realized_pnl, position.net_quantity, position.total_cost].map(parse);
  const last = parse(lastPrice);
  return last === null ? realized : realized + divided(net * last, ONE) - cost;
}
