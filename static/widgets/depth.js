// Ten levels of both sides. Rows are kept and rewritten, so that focus stays where it is while the book moves.

const LEVELS = 10;

export function createDepth({ onPrice }) {
  const bids = createSide(document.getElementById("bids"), ["count", "quantity", "price"], onPrice);
  const asks = createSide(document.getElementById("asks"), ["price", "quantity", "count"], onPrice);

  return {
    show(book) {
      const largest = Math.max(0, ...[...(book?.bids ?? []), ...(book?.asks ?? [])].map(([, quantity]) => Number(quantity)));
      bids.show(book?.bids ?? [], largest);
      asks.show(book?.asks ?? [], largest);
    },
  };
}

function createSide(body, columns, onPrice) {
  const rows = Array.from({ length: LEVELS }, () => createRow(columns, onPrice));
  body.replaceChildren(...rows.map(({ row }) => row));
  return {
    show: (levels, largest) => rows.forEach(({ show }, position) => show(levels[position], largest)),
  };
}

function createRow(columns, onPrice) {
  const row = document.createElement("tr");
  const cells = {};
  for (const column of columns) {
    cells[column] = row.appendChild(document.createElement("td"));
    cells[column].className = column;
  }
  const button = document.createElement("button");
  button.type = "button";
  button.addEventListener("click", () => onPrice(button.textContent));

  function show(level, largest) {
    const [price, quantity, orders] = level ?? [];
    row.classList.toggle("vacant", !level);
    row.style.setProperty("--share", level && largest > 0 ? `${(100 * Number(quantity)) / largest}%` : "0%");
    cells.quantity.textContent = quantity ?? "·";
    cells.count.textContent = orders ?? "·";
    if (!level) cells.price.textContent = "·";
    else {
      if (button.textContent !== price) {
        button.textContent = price;
        button.setAttribute("aria-label", `Use price ${price}`);
      }
      if (!button.isConnected) cells.price.replaceChildren(button);
    }
  }

  return { row, show };
}
