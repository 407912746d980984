// The newest trades of the symbol. Only what is new is added, so that a fast market stays smooth.

const ROWS = 60;

export function createTape() {
  const body = document.getElementById("trades");
  const vacant = document.getElementById("no-trades");
  let newest = null;

  return {
    show(trades) {
      const known = trades.findIndex((trade) => trade.trade_id === newest);
      // Older trades may come later than the newest.
      const isAnew = known < 0 || Math.min(trades.length, ROWS) > body.rows.length + known;
      if (isAnew) body.replaceChildren();
      const fresh = (isAnew ? trades : trades.slice(0, known)).slice(0, ROWS);
      body.prepend(...fresh.map(rowOf));
      while (body.rows.length > ROWS) body.deleteRow(-1);
      newest = trades[0]?.trade_id ?? null;
      vacant.hidden = trades.length > 0;
    },
  };
}

function rowOf(trade) {
  const row = document.createElement("tr");
  const price = row.appendChild(document.createElement("td"));
  price.textContent = trade.price;
  price.className = { BUY: "bid", SELL: "ask" }[trade.taker_side] ?? "";
  row.title = { BUY: "A buyer took", SELL: "A seller took" }[trade.taker_side] ?? "In the auction";
  row.appendChild(document.createElement("td")).textContent = trade.quantity;
  const time = row.appendChild(document.createElement("td")).appendChild(document.createElement("time"));
  time.dateTime = trade.executed_at;
  time.textContent = new Date(trade.executed_at).toLocaleTimeString(undefined, { hour12: false });
  return row;
}
