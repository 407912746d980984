// The last trades of the symbol, newest first.

export function createTrades() {
  const body = document.getElementById("trades");
  let newest;

  return {
    show(trades) {
      const first = trades[0]?.trade_id ?? null;
      if (first === newest) return;
      newest = first;
      body.replaceChildren(...(trades.length ? trades.map(rowOf) : [noTrades()]));
    },
  };
}

function rowOf(trade) {
  const row = document.createElement("tr");
  const time = document.createElement("time");
  time.dateTime = trade.executed_at;
  time.textContent = new Date(trade.executed_at).toLocaleTimeString(undefined, { hour12: false });
  row.appendChild(document.createElement("td")).append(time);
  const price = row.appendChild(document.createElement("td"));
  price.textContent = trade.price;
  price.className = trade.taker_side === "SELL" ? "trade-sell" : "trade-buy";
  price.title = trade.taker_side === "SELL" ? "A seller took" : "A buyer took";
  row.appendChild(document.createElement("td")).textContent = trade.quantity;
  return row;
}

function noTrades() {
  const row = document.createElement("tr");
  const cell = row.appendChild(document.createElement("td"));
  cell.colSpan = 3;
  cell.className = "empty";
  cell.textContent = "No trades yet.";
  return row;
}
