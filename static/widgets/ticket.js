// The order ticket: checked while one types, asked about where the price looks like a slip, sent once.

import { ApiError, newIdempotencyKey, post } from "../api.js";
import { format, grouped, parse, product } from "../decimal.js";
import { absurdity, fieldsOf, missingFields, timesOf, wouldTake, wrongFields } from "../order_terms.js";
import { outcomeOf, SIDES } from "../words.js";
import { ask } from "./question.js";

const TERMS = ["quantity", "price", "stop_price", "trail_amount", "expire_at", "display_quantity"];
const OPTIONAL = ["self_trade_prevention", "client_order_id"];
// On a phone the ticket is a sheet that opens and closes.
const isSheet = matchMedia("(max-width: 820px)");
const EMPTY_BOOK = { bids: [], asks: [] };

// `market` gives what is known: { symbol, view, instrument, standing }.
export function createTicket({ account, market, isLocked, onPlaced }) {
  const panel = document.getElementById("order");
  const form = document.getElementById("order-form");
  const submit = document.getElementById("submit");
  const outcome = document.getElementById("outcome");
  const fields = form.elements;
  let attempt = { body: null, key: null };
  let isSending = false;

  form.addEventListener("input", () => refresh());
  form.addEventListener("change", () => refresh());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    place();
  });
  for (const button of form.querySelectorAll("[data-step]")) button.addEventListener("click", () => step(button));
  for (const name of ["price", "stop_price", "trail_amount", "quantity"]) {
    fields[name].addEventListener("keydown", (event) => {
      const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!direction) return;
      event.preventDefault();
      step({ dataset: { for: name, step: direction } });
    });
  }
  for (const button of document.querySelectorAll(".dock button")) button.addEventListener("click", () => open(button.dataset.side));
  document.getElementById("close-ticket").addEventListener("click", () => close());

  function refresh() {
    const times = timesOf(fields.type.value);
    for (const option of fields.time_in_force.options) option.disabled = !times.includes(option.value);
    if (!times.includes(fields.time_in_force.value)) fields.time_in_force.value = "GTC";
    const offered = fieldsOf(fields.type.value, fields.time_in_force.value);
    for (const place of form.querySelectorAll("[data-field]")) {
      const isOffered = place.dataset.field === "quantity" || offered.has(place.dataset.field);
      place.hidden = !isOffered;
      fields[place.dataset.field].disabled = !isOffered;
    }
    showErrors(wrongFields(readOrder(), known()));
    estimate();
    lock();
  }

  function known() {
    const { view, instrument, standing } = market();
    return { ...standing, instrument: instrument && { ...instrument, state: view?.state ?? instrument.state }, lastPrice: view?.lastPrice };
  }

  function lock() {
    const side = fields.side.value;
    submit.dataset.side = side;
    submit.disabled = isSending || isLocked();
    const words = isLocked() ? "Waiting for the exchange" : `${SIDES[side]} ${fields.quantity.value.trim()} ${market().symbol ?? ""}`;
    if (submit.textContent !== words) submit.textContent = words.replace(/\s+/g, " ").trim();
  }

  function readOrder() {
    const order = { user_id: account.user(), symbol: market().symbol, side: fields.side.value, type: fields.type.value };
    order.time_in_force = fields.time_in_force.value;
    for (const name of TERMS) if (!fields[name].disabled && fields[name].value.trim()) order[name] = fields[name].value.trim();
    if (order.expire_at) order.expire_at = new Date(order.expire_at).toISOString();
    if (!fields.post_only.disabled && fields.post_only.checked) order.post_only = true;
    for (const name of OPTIONAL) if (fields[name].value.trim()) order[name] = fields[name].value.trim();
    return order;
  }

  function estimate() {
    const order = readOrder();
    const taken = wouldTake(order, market().view ?? EMPTY_BOOK);
    const [quantity, price] = [parse(order.quantity), parse(order.price)];
    const isMarket = order.type === "MARKET";
    const notional = isMarket ? taken?.notional : quantity && price ? product(quantity, price) : null;
    document.getElementById("notional-label").textContent = isMarket ? "About" : "Price × quantity";
    document.getElementById("notional").textContent = notional ? grouped(format(notional, 2)) : "–";
    document.getElementById("takes").textContent = taken ? takesInWords(taken, quantity) : "–";
  }

  function step({ dataset }) {
    const field = fields[dataset.for];
    const { view, instrument } = market();
    const unit = parse(dataset.for === "quantity" ? instrument?.lot_size : instrument?.tick_size) ?? parse("0.01");
    // Lots can be tiny; whole numbers are stepped through by one.
    const stride = dataset.for === "quantity" && unit < parse("1") ? parse(field.value) % parse("1") ? unit : parse("1") : unit;
    const present = parse(field.value) ?? (dataset.for === "quantity" ? 0n : (parse(priceNear(view)) ?? 0n));
    const next = present + BigInt(dataset.step) * stride;
    if (next > 0n) field.value = format(next, dataset.for === "quantity" ? null : decimalsOfStep(instrument));
    refresh();
  }

  function priceNear(view) {
    return (fields.side.value === "BUY" ? view?.bids : view?.asks)?.[0]?.[0] ?? view?.lastPrice;
  }

  async function place() {
    if (isSending || isLocked()) return;
    const order = readOrder();
    if (!order.user_id) return account.refuse("user_id", "Say who places the order.");
    const errors = { ...wrongFields(order, known()), ...missingFields(order) };
    showErrors(errors, { andFocus: true });
    if (Object.keys(errors).length) return;
    const doubt = absurdity(order, market().view ?? EMPTY_BOOK, market().view?.lastPrice);
    if (doubt && !(await ask({ title: `${SIDES[order.side]} at this price?`, text: doubt, confirm: `${SIDES[order.side]} all the same`, isDanger: true }))) return;
    await send(order);
  }

  async function send(order) {
    const body = JSON.stringify(order);
    // The same order sent again after a failure keeps its key, so that it cannot be placed twice.
    if (attempt.body !== body) attempt = { body, key: newIdempotencyKey() };
    isSending = true;
    lock();
    try {
      tell(outcomeOf(await post("/orders", order, attempt.key)));
      attempt = { body: null, key: null };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failed(error);
    } finally {
      isSending = false;
      lock();
      onPlaced();
    }
  }

  function failed(error) {
    if (error.status === 401 || error.status === 403) account.refuse("api_key", error.message);
    if (error.errors.user_id) account.refuse("user_id", error.errors.user_id.join(" "));
    showErrors(Object.fromEntries(Object.entries(error.errors).map(([name, sentences]) => [name, sentences.join(" ")])), { andFocus: true });
    if (error.status === 0) {
      return tell({ title: "No answer.", detail: "It is not known whether the order arrived. Press the button again: it will not be placed twice.", tone: "nothing" });
    }
    // What was answered is settled; the next press is a new order.
    if (error.status !== 503 && error.status !== 409) attempt = { body: null, key: null };
    tell({ title: error.status === 422 ? "Refused." : "Not accepted.", detail: error.message, tone: "bad" });
  }

  function tell({ title, detail, tone }) {
    const strong = Object.assign(document.createElement("strong"), { textContent: title });
    outcome.replaceChildren(strong, detail);
    outcome.dataset.tone = tone;
    outcome.hidden = false;
  }

  function showErrors(errors, { andFocus = false } = {}) {
    let first = null;
    for (const place of form.querySelectorAll(".error")) {
      const name = place.id.replace(/-error$/, "");
      const input = fields[name];
      const sentence = errors[name] ?? "";
      if (place.textContent !== sentence) place.textContent = sentence;
      if (!input) continue;
      if (sentence) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
      first ??= sentence ? input : null;
    }
    if (!andFocus || !first) return;
    first.closest("details")?.setAttribute("open", "");
    first.focus();
  }

  function open(side = null) {
    panel.classList.toggle("is-open", isSheet.matches);
    if (side) fields.side.value = side;
    refresh();
    const first = fieldsOf(fields.type.value, "GTC").has("price") && !fields.price.value ? fields.price : fields.quantity;
    first.focus();
    first.select();
  }

  function close() {
    const wasOpen = panel.classList.contains("is-open");
    panel.classList.remove("is-open");
    return wasOpen;
  }

  refresh();
  return {
    open,
    close,
    lock,
    // Call it when the market has moved: what would trade at once may be something else.
    follow() {
      estimate();
      lock();
    },
    useSymbol() {
      outcome.hidden = true;
      for (const name of ["price", "stop_price", "trail_amount"]) fields[name].value = "";
      refresh();
    },
    usePrice(price) {
      if (fields.price.disabled) fields.type.value = "LIMIT";
      fields.price.value = price;
      open();
      fields.quantity.focus();
    },
  };
}

function takesInWords({ quantity, notional }, whole) {
  if (quantity === 0n) return "nothing";
  const average = format((notional * parse("1")) / quantity, null);
  const digits = average.includes(".") ? format(parse(average), Math.min(4, average.split(".")[1].length)) : average;
  return `${format(quantity)}${quantity < whole ? ` of ${format(whole)}` : ""} at ${digits}`;
}

function decimalsOfStep(instrument) {
  return instrument?.tick_size.split(".")[1]?.length ?? 2;
}
