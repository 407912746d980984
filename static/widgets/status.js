// Says whether what is shown is up to date. Two seconds of silence dim the figures, and lock what acts on them.

import { ApiError } from "../api.js";

const STALE_MS = 2_000;
const CHECK_MS = 200;
const WORDS = { waiting: "Connecting", live: "Live", stale: "Not up to date" };

export function createStatus({ onChange }) {
  const status = document.getElementById("status");
  const words = document.getElementById("status-text");
  const banner = document.getElementById("banner");
  let state = "waiting";
  let heardAt = performance.now();
  let checkedAt = heardAt;
  setInterval(check, CHECK_MS);

  function check() {
    const now = performance.now();
    // While the page itself slept, nobody can say that the exchange was silent.
    if (now - checkedAt > 4 * CHECK_MS) heardAt += now - checkedAt;
    checkedAt = now;
    if (!document.hidden && performance.now() - heardAt > STALE_MS) enter("stale");
  }

  function enter(next) {
    if (next === state) return;
    state = next;
    status.dataset.state = state;
    words.textContent = WORDS[state];
    document.body.classList.toggle("is-stale", state !== "live");
    onChange(state === "live");
  }

  function say(sentence) {
    if (banner.textContent !== sentence) banner.textContent = sentence;
    banner.hidden = !sentence;
  }

  return {
    isLive: () => state === "live",
    // Call it whenever the exchange shows that all is well; `notice` is something worth knowing all the same.
    heard(how, notice = "") {
      heardAt = performance.now();
      status.title = how;
      enter("live");
      say(notice);
    },
    failed(error) {
      if (!(error instanceof ApiError)) throw error;
      say(error.message);
      if (error.status !== 0) enter("stale");
    },
  };
}
