// Calls a function again and again, politely: one call at a time, slower while it fails, not at all while unseen.

const SLOWEST_MS = 15_000;

export function poll(work, everyMs, onFailure = () => {}) {
  let timer = null;
  let running = false;
  let again = false;
  let pauseMs = everyMs;

  async function run() {
    clearTimeout(timer);
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      await work();
      pauseMs = everyMs;
    } catch (error) {
      pauseMs = Math.min(pauseMs * 2, SLOWEST_MS);
      onFailure(error);
    }
    running = false;
    const pause = again ? 0 : pauseMs;
    again = false;
    if (!document.hidden) timer = setTimeout(run, pause);
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : run()));
  run();
  return run;
}
