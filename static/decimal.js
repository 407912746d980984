// Exact arithmetic on the decimal strings that prices and quantities come in. An amount is a BigInt in units of 10^-8,
// as in the exchange. Binary floating point is for the width of bars and the place of a line only.

export const DECIMALS = 8;
export const ONE = 10n ** BigInt(DECIMALS);
const FORM = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;

// Returns null for a text that is no number, or one of more than 8 decimals.
export function parse(text) {
  const trimmed = String(text ?? "").trim();
  if (!FORM.test(trimmed)) return null;
  const [whole, fraction = ""] = trimmed.replace(/^[+-]/, "").split(".");
  const digits = fraction.replace(/0+$/, "");
  if (digits.length > DECIMALS) return null;
  const amount = BigInt(whole || "0") * ONE + BigInt(digits.padEnd(DECIMALS, "0"));
  return trimmed.startsWith("-") ? -amount : amount;
}

// Writes an amount with so many decimals, rounded half away from zero; without a number, with as many as it needs.
export function format(amount, decimals = null) {
  const rounded = decimals === null ? amount : round(amount, decimals);
  const digits = absolute(rounded).toString().padStart(DECIMALS + 1, "0");
  let fraction = digits.slice(-DECIMALS);
  fraction = decimals === null ? fraction.replace(/0+$/, "") : fraction.slice(0, decimals);
  return (rounded < 0n ? "-" : "") + digits.slice(0, -DECIMALS) + (fraction && `.${fraction}`);
}

// Sets the thousands of a written number apart by thin spaces.
export function grouped(text) {
  const [whole, fraction] = text.split(".");
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, "\u2009");
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

export function signed(text) {
  return /[1-9]/.test(text) && !text.startsWith("-") ? `+${text}` : text.replace("-", "\u2212");
}

export function decimalsOf(text) {
  return text?.split(".")[1]?.length ?? 0;
}

export function product(one, other) {
  return divided(one * other, ONE);
}

// Half away from zero, so that both directions look alike.
export function divided(amount, by) {
  const half = absolute(by) / 2n;
  const quotient = (absolute(amount) + half) / absolute(by);
  return amount < 0n !== by < 0n ? -quotient : quotient;
}

export function percent(change, of) {
  return of === 0n ? null : format(divided(change * 100n * ONE, of), 2);
}

export function absolute(amount) {
  return amount < 0n ? -amount : amount;
}

export function largest(amounts) {
  return amounts.reduce((most, amount) => (amount > most ? amount : most), 0n);
}

function round(amount, decimals) {
  const unit = 10n ** BigInt(DECIMALS - decimals);
  return divided(amount, unit) * unit;
}
