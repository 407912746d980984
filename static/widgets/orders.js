// My orders: amend one in its row, cancel one, cancel all.

import { patch, remove } from "../api.js";
import { parse } from "../decimal.js";
import { priceOf, reasonOf, SIDES, STATUSES, TYPES } from "../words.js";
import { ask } from "./question.js";

const LIVE = ["PENDING", "OPEN", "PARTIALLY_FILLED"];
const COLUMNS = ["symbol", "side", "type", "price", "filled", "quantity", "status", "actions"];

export function createOrders({ onChanged, isLocked }) {
  const body = document.getElementById("orders");
  const vacant = document.getElementById("no-orders");
  const count = document.getElementById("orders-count");
  const cancelAllButton = document.getElementById("cancel-all");
  const filters = [...document.querySelectorAll("#order-filter button")];
  const rows = new Map();
  let own = { user: "", live: [] };
  let showsAll = false;

  for (const button of filters) {
    button.addEventListener("click", () => {
      showsAll = button.dataset.status === "";
      for (const each of filters) each.setAttribute("aria-pressed", String(each === button));
      onChanged();
    });
  }
  cancelAllButton.addEventListener("click", cancelAll);

  async function cancelAll() {
    const symbols = new Set(own.live.map((order) => order.symbol));
    if (!own.live.length) return;
    const number = `${own.live.length}${own.hasMore ? "+" : ""}`;
    const title = own.live.length === 1 ? "Cancel your order?" : `Cancel all ${number} of your orders?`;
    const agreed = await ask({ title, text: `In ${[...symbols].sort().join(", ")}.`, confirm: "Cancel all", isDanger: true });
    if (agreed) await attempt(() => remove(`/orders?user_id=${encodeURIComponent(own.user)}`));
  }

  async function attempt(change) {
    try {
      await change();
      complain("");
      return true;
    } catch (error) {
      complain(error.message);
      return false;
    } finally {
      onChanged();
    }
  }

  const act = {
    cancel: (order) => attempt(() => remove(`/orders/${encodeURIComponent(order.order_id)}`)),
    amend: (order, changes) => attempt(() => patch(`/orders/${encodeURIComponent(order.order_id)}`, changes)),
  };

  return {
    showsAll: () => showsAll,
    cancelAll,
    // Ends the change that is being made to a row; says whether there was one.
    leaveRow: () => [...rows.values()].some((row) => row.leave()),
    show(next) {
      own = next;
      const shown = showsAll ? own.all : own.live;
      const wanted = new Set(shown.map((order) => order.order_id));
      for (const [id, row] of rows) if (!wanted.has(id)) rows.delete(id), row.element.remove();
      shown.forEach((order, place) => {
        if (!rows.has(order.order_id)) rows.set(order.order_id, createRow(act, isLocked));
        const row = rows.get(order.order_id);
        row.show(order);
        if (body.rows[place] !== row.element) body.insertBefore(row.element, body.rows[place] ?? null);
      });
      count.textContent = own.live.length ? `${own.live.length}${own.hasMore ? "+" : ""}` : "";
      cancelAllButton.disabled = own.live.length === 0;
      vacant.hidden = shown.length > 0;
      vacant.textContent = own.user ? (showsAll ? "No orders yet." : "No live orders.") : "Say at the top which user you are, to see your orders.";
    },
  };
}

function complain(sentence) {
  const problem = document.getElementById("orders-problem");
  problem.textContent = sentence;
  problem.hidden = !sentence;
}

function createRow(act, isLocked) {
  const element = document.createElement("tr");
  const cells = Object.fromEntries(COLUMNS.map((name) => [name, element.appendChild(document.createElement("td"))]));
  const buttons = cells.actions.appendChild(document.createElement("div"));
  buttons.className = "actions";
  let order = null;
  let inputs = null;

  function show(next) {
    order = next;
    element.dataset.orderId = order.order_id;
    write(cells.symbol, order.symbol);
    write(cells.side, SIDES[order.side]);
    cells.side.className = order.side === "BUY" ? "bid" : "ask";
    write(cells.type, `${TYPES[order.type]}${order.time_in_force === "GTC" ? "" : ` ${order.time_in_force}`}`);
    write(cells.filled, order.filled_quantity);
    write(cells.status, STATUSES[order.status]);
    cells.status.title = reasonOf(order);
    if (inputs) return;
    write(cells.price, priceOf(order));
    write(cells.quantity, order.quantity);
    offer(LIVE.includes(order.status) ? [["Amend", edit], ["Cancel", () => act.cancel(order)]] : []);
  }

  function edit() {
    const name = order.status === "PENDING" ? (order.trail_amount ? "trail_amount" : "stop_price") : "price";
    inputs = { quantity: field(cells.quantity, "Quantity", order.quantity) };
    if (order[name]) inputs[name] = field(cells.price, name === "price" ? "Price" : "Stop", order[name]);
    offer([["Save", save], ["Back", leave]]);
    (inputs[name] ?? inputs.quantity).select();
  }

  async function save() {
    const entries = Object.entries(inputs).map(([name, input]) => [name, input.value.trim()]);
    const changed = entries.filter(([name, text]) => parse(text) === null || parse(text) !== parse(order[name]));
    if (isLocked() || (changed.length && !(await act.amend(order, Object.fromEntries(changed))))) return;
    leave();
  }

  function leave() {
    if (!inputs) return false;
    inputs = null;
    show(order);
    return true;
  }

  function field(cell, label, text) {
    const input = document.createElement("input");
    Object.assign(input, { value: text, inputMode: "decimal", autocomplete: "off", ariaLabel: `${label} of order ${order.order_id}` });
    input.addEventListener("keydown", (event) => event.key === "Enter" && save());
    cell.replaceChildren(input);
    return input;
  }

  function offer(actions) {
    const wanted = actions.map(([words]) => words).join();
    if (buttons.dataset.offered === wanted) return;
    buttons.dataset.offered = wanted;
    buttons.replaceChildren(...actions.map(([words, work]) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: words });
      button.setAttribute("aria-label", `${words} order ${order.order_id}`);
      button.addEventListener("click", work);
      return button;
    }));
  }

  return { element, show, leave };
}

function write(cell, text) {
  if (cell.textContent !== text || cell.childElementCount) cell.textContent = text;
}
