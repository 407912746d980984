// The first look at an empty exchange: what to do, and an offer to do it.

import { playMarket, SYMBOL } from "../first_market.js";

export function createFirstStart({ onMade }) {
  const panel = document.getElementById("first-start");
  const button = document.getElementById("make-market");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await playMarket();
      location.hash = SYMBOL;
      onMade();
    } catch (error) {
      document.getElementById("first-error").textContent = error.message;
      button.disabled = false;
    }
  });
  return { show: (isEmpty) => (panel.hidden = !isEmpty) };
}
