// Places orders, and says in words what became of each.

import { keepKey, newIdempotencyKey, post, readKey } from "../api.js";

const USER_NAME = "order-engine-user";
const ENDINGS = {
  PENDING: "waits for its stop price",
  EXPIRED: "expired",
  OPEN: "rests on the book",
  PARTIALLY_FILLED: "is partly filled and rests with what is left",
  FILLED: "is filled",
  CANCELED: "was canceled",
};
// What each type of order takes; the server has the last word.
const TIMES = {
  LIMIT: ["GTC", "DAY", "GTD", "IOC", "FOK"],
  MARKET: ["GTC", "DAY", "IOC", "FOK"],
  STOP: ["GTC", "DAY", "GTD"],
  STOP_LIMIT: ["GTC", "DAY", "GTD", "IOC", "FOK"],
  TRAILING_STOP: ["GTC", "DAY", "GTD"],
};
const RESTING_TIMES = ["GTC", "DAY", "GTD"];
const NEEDED = {
  user_id: "Say who places the order.",
  quantity: "How much?",
  price: "A limit order needs a price.",
  stop_price: "At which last price?",
  trail_amount: "How far behind the last price?",
  expire_at: "Until when?",
};

export function createOrderForm({ onPlaced }) {
  const form = document.getElementById("order-form");
  const submit = document.getElementById("submit");
  const outcome = document.getElementById("outcome");
  const fields = form.elements;
  const apiKey = document.getElementById("api_key");
  let symbol = "";
  let attempt = { body: null, key: null };

  apiKey.value = readKey();
  fields.user_id.value = sessionStorage.getItem(USER_NAME) ?? "";
  apiKey.addEventListener("change", () => keepKey(apiKey.value.trim()));
  form.addEventListener("change", adapt);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    place();
  });

  function adapt() {
    const type = fields.type.value;
    for (const option of fields.time_in_force.options) option.disabled = !TIMES[type].includes(option.value);
    if (!TIMES[type].includes(fields.time_in_force.value)) fields.time_in_force.value = "GTC";
    const time = fields.time_in_force.value;
    const mayRest = type === "LIMIT" && RESTING_TIMES.includes(time);
    fields.price.disabled = !["LIMIT", "STOP_LIMIT"].includes(type);
    fields.post_only.disabled = !mayRest;
    offer(fields.display_quantity, mayRest);
    offer(fields.stop_price, ["STOP", "STOP_LIMIT"].includes(type));
    offer(fields.trail_amount, type === "TRAILING_STOP");
    offer(fields.expire_at, time === "GTD");
    const side = fields.side.value;
    submit.dataset.side = side;
    submit.textContent = `${side === "BUY" ? "Buy" : "Sell"} ${symbol}`;
  }

  function offer(field, isOffered) {
    field.disabled = !isOffered;
    field.closest(".field").hidden = !isOffered;
  }

  function readOrder() {
    const order = { user_id: fields.user_id.value.trim(), symbol, side: fields.side.value, type: fields.type.value };
    order.time_in_force = fields.time_in_force.value;
    for (const name of ["quantity", "price", "stop_price", "trail_amount"]) {
      if (!fields[name].disabled) order[name] = fields[name].value.trim();
    }
    if (!fields.expire_at.disabled) order.expire_at = fields.expire_at.value && new Date(fields.expire_at.value).toISOString();
    if (!fields.post_only.disabled && fields.post_only.checked) order.post_only = true;
    const shown = fields.display_quantity.disabled ? "" : fields.display_quantity.value.trim();
    if (shown) order.display_quantity = shown;
    if (fields.self_trade_prevention.value) order.self_trade_prevention = fields.self_trade_prevention.value;
    return order;
  }

  function missing(order) {
    return Object.fromEntries(Object.entries(NEEDED).filter(([name]) => order[name] === "").map(([name, words]) => [name, [words]]));
  }

  async function place() {
    const order = readOrder();
    const errors = missing(order);
    showErrors(errors);
    if (Object.keys(errors).length) return tell("Not sent.", "Some fields are missing.", true);
    keepKey(apiKey.value.trim());
    sessionStorage.setItem(USER_NAME, order.user_id);
    const body = JSON.stringify(order);
    // The same order sent again after a failure keeps its key, so that it cannot be placed twice.
    if (attempt.body !== body) attempt = { body, key: newIdempotencyKey() };
    submit.disabled = true;
    try {
      succeeded(await post("/orders", order, attempt.key));
      attempt = { body: null, key: null };
    } catch (error) {
      failed(error);
    } finally {
      submit.disabled = false;
    }
  }

  function succeeded(order) {
    const ending = ENDINGS[order.status] ?? order.status;
    const reason = order.reason ? ` (${order.reason.replaceAll("_", " ")})` : "";
    const filled = order.average_price ? ` Filled ${order.filled_quantity} of ${order.quantity} at ${order.average_price}.` : "";
    tell(`Order ${order.order_id} ${ending}${reason}.`, filled.trim() || `${order.side} ${order.quantity} ${order.symbol}${order.price ? ` at ${order.price}` : ""}.`);
    onPlaced();
  }

  function failed(error) {
    if (error.status === 401) showErrors({ api_key: [error.message] });
    else showErrors(error.errors);
    if (error.status === 0) {
      tell("No answer.", "It is not known whether the order arrived. Press the button again: it will not be placed twice.", true);
      return;
    }
    // What was answered is settled; the next press is a new order.
    if (error.status !== 503 && error.status !== 409) attempt = { body: null, key: null };
    tell(error.status === 422 ? "Refused." : "Not accepted.", error.message, true);
  }

  function tell(title, detail, isFailure = false) {
    const strong = Object.assign(document.createElement("strong"), { textContent: title });
    outcome.replaceChildren(strong, detail);
    outcome.toggleAttribute("data-failed", isFailure);
    outcome.hidden = false;
  }

  function showErrors(errors) {
    let first = null;
    for (const place of form.querySelectorAll(".error")) {
      const name = place.id.replace(/-error$/, "");
      const input = document.getElementById(name);
      const messages = errors[name] ?? [];
      place.textContent = messages.join(" ");
      if (!input || name === "symbol") continue;
      input.toggleAttribute("aria-invalid", false);
      if (messages.length) input.setAttribute("aria-invalid", "true");
      if (messages.length && !first) first = input;
    }
    first?.focus();
  }

  adapt();
  return {
    useSymbol(chosen) {
      symbol = chosen;
      outcome.hidden = true;
      showErrors({});
      adapt();
    },
    usePrice(price) {
      if (fields.price.disabled) fields.type.value = "LIMIT";
      fields.price.value = price;
      adapt();
      fields.quantity.focus();
    },
  };
}
