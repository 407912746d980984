// Which symbol the page shows. It is kept in the address, so that a link or a reload shows the same.

const FIRST = "AAPL";
const FORM = /^[A-Z0-9][A-Z0-9._-]{0,31}$/;

export function createSymbolChooser({ onChoice }) {
  const form = document.getElementById("symbol-form");
  const input = document.getElementById("symbol");
  const list = document.getElementById("symbols");
  let chosen = fromAddress() ?? FIRST;

  function fromAddress() {
    let text = "";
    try {
      text = decodeURIComponent(location.hash.slice(1)).toUpperCase();
    } catch {
      // An address that cannot be read names no symbol.
    }
    return FORM.test(text) ? text : null;
  }

  function choose(symbol) {
    chosen = symbol;
    input.value = symbol;
    onChoice(symbol);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const symbol = input.value.trim().toUpperCase();
    const wrong = FORM.test(symbol) ? "" : "A symbol is 1 to 32 of A–Z, 0–9, dot, underscore, hyphen.";
    input.setCustomValidity(wrong);
    if (!form.reportValidity()) return;
    if (`#${symbol}` === location.hash) choose(symbol);
    else location.hash = symbol;
  });
  input.addEventListener("input", () => input.setCustomValidity(""));
  addEventListener("hashchange", () => choose(fromAddress() ?? FIRST));
  queueMicrotask(() => choose(chosen));

  return {
    symbol: () => chosen,
    offer(instruments) {
      list.replaceChildren(...instruments.map(({ symbol }) => Object.assign(document.createElement("option"), { value: symbol })));
    },
  };
}
