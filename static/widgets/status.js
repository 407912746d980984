// Whether the exchange answers, and what the user should know about what is shown.

export function createStatus() {
  const status = document.getElementById("status");
  const text = document.getElementById("status-text");
  const banner = document.getElementById("banner");

  function say(state, words, notice) {
    if (status.dataset.state !== state) {
      status.dataset.state = state;
      text.textContent = words;
    }
    banner.hidden = !notice;
    if (banner.textContent !== (notice ?? "")) banner.textContent = notice ?? "";
  }

  return {
    live: (notice) => say("live", "Live", notice),
    failed: (error) => say("failed", "Not up to date", `${error.message} What is shown may be old; trying again.`),
  };
}
