// The depth of the book: how much could be bought or sold down to each price. Drawn, so binary numbers will do.

import { decimalsOf, format, parse } from "../decimal.js";

const WIDTH = 1000;
const HEIGHT = 100;
const SPACE = "http://www.w3.org/2000/svg";

export function createDepthChart() {
  const place = document.getElementById("depth");
  const legend = document.getElementById("depth-legend");
  const svg = place.appendChild(element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }));
  const bids = svg.appendChild(element("path", { class: "depth-bids" }));
  const asks = svg.appendChild(element("path", { class: "depth-asks" }));
  const pointer = svg.appendChild(element("line", { class: "depth-pointer", y1: 0, y2: HEIGHT, visibility: "hidden" }));
  const axis = document.getElementById("depth-axis");
  let drawn = null;
  let pointedAt = null;

  place.addEventListener("pointermove", (event) => {
    const box = place.getBoundingClientRect();
    pointedAt = (event.clientX - box.left) / box.width;
    point();
  });
  place.addEventListener("pointerleave", () => {
    pointedAt = null;
    point();
  });

  function point() {
    const isShown = drawn !== null && pointedAt !== null;
    pointer.setAttribute("visibility", isShown ? "visible" : "hidden");
    if (!isShown) return void (legend.textContent = drawn ? `${drawn.bidTotal} bid · ${drawn.askTotal} asked` : "");
    pointer.setAttribute("x1", pointedAt * WIDTH);
    pointer.setAttribute("x2", pointedAt * WIDTH);
    legend.textContent = sentenceAt(drawn, pointedAt);
  }

  return {
    show(view) {
      drawn = view && view.bids.length + view.asks.length ? curvesOf(view) : null;
      bids.setAttribute("d", drawn ? area(drawn.bids, drawn) : "");
      asks.setAttribute("d", drawn ? area(drawn.asks, drawn) : "");
      const decimals = decimalsOf(view?.bids[0]?.[0] ?? view?.asks[0]?.[0]);
      const marks = drawn ? [drawn.low, (drawn.low + drawn.high) / 2, drawn.high] : [];
      [...axis.children].forEach((mark, place) => (mark.textContent = marks[place]?.toFixed(decimals) ?? ""));
      point();
    },
  };
}

function curvesOf({ bids, asks }) {
  const sides = [running(bids), running(asks)];
  const prices = [...bids, ...asks].map(([price]) => Number(price));
  const middle = bids.length && asks.length ? (Number(bids[0][0]) + Number(asks[0][0])) / 2 : prices[0];
  const reaches = [bids, asks].filter((side) => side.length).map((side) => Math.abs(Number(side.at(-1)[0]) - middle));
  const reach = Math.min(...reaches) || middle * 0.01;
  const totals = sides.flatMap((side) => side.filter((step) => Math.abs(step.price - middle) <= reach)).map((step) => Number(step.total));
  const [bidTotal, askTotal] = sides.map((side) => format(side.at(-1)?.exact ?? 0n));
  return { bids: sides[0], asks: sides[1], low: middle - reach, high: middle + reach, most: Math.max(...totals, 1e-8), bidTotal, askTotal };
}

function running(levels) {
  let exact = 0n;
  return levels.map(([price, quantity]) => {
    exact += parse(quantity);
    return { text: price, price: Number(price), exact, total: Number(format(exact)) };
  });
}

function area(steps, { low, high, most }) {
  if (!steps.length) return "";
  const x = (price) => (((price - low) / (high - low)) * WIDTH).toFixed(1);
  const y = (total) => (HEIGHT - (total / most) * HEIGHT * 0.92).toFixed(1);
  const outer = steps.at(-1).price < steps[0].price ? -WIDTH : 2 * WIDTH;
  let path = `M${x(steps[0].price)} ${HEIGHT + 2}`;
  steps.forEach((step, place) => {
    path += `V${y(step.total)}H${place + 1 < steps.length ? x(steps[place + 1].price) : outer}`;
  });
  return `${path}V${HEIGHT + 2}Z`;
}

function sentenceAt({ bids, asks, low, high }, share) {
  const price = low + share * (high - low);
  const reached = price < (low + high) / 2 ? bids.filter((step) => step.price >= price) : asks.filter((step) => step.price <= price);
  const step = reached.at(-1);
  return step ? `${format(step.exact)} to ${step.text}` : "";
}

function element(name, attributes) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
