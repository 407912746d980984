// Exact arithmetic on the decimal strings that prices come in; binary floating point is for the width of bars only.

const DECIMALS = 8;

export function difference(larger, smaller) {
  const decimals = Math.max(decimalsOf(larger), decimalsOf(smaller));
  return write(scaled(larger) - scaled(smaller), decimals);
}

function decimalsOf(text) {
  return text.split(".")[1]?.length ?? 0;
}

function scaled(text) {
  const [whole, fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(DECIMALS, "0"));
}

function write(amount, decimals) {
  const sign = amount < 0n ? "-" : "";
  const digits = (amount < 0n ? -amount : amount).toString().padStart(DECIMALS + 1, "0");
  const fraction = digits.slice(-DECIMALS).slice(0, decimals);
  return sign + digits.slice(0, -DECIMALS) + (fraction && `.${fraction}`);
}
