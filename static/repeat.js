// Does something again and again, politely: one at a time, slower while it fails, not at all while the page is hidden.

const SLOWEST_MS = 5_000;

// Returns { now, stop }: `now` does it at once.
export function repeat(work, everyMs, onFailure = () => {}) {
  let timer = null;
  let running = false;
  let again = false;
  let stopped = false;
  let pauseMs = everyMs;

  async function now() {
    clearTimeout(timer);
    if (stopped) return;
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      await work();
      pauseMs = everyMs;
    } catch (error) {
      pauseMs = Math.min(pauseMs * 1.5, SLOWEST_MS);
      if (!stopped) onFailure(error);
    }
    running = false;
    const pause = again ? 0 : pauseMs;
    again = false;
    if (!stopped && !document.hidden) timer = setTimeout(now, pause);
  }

  function onVisibility() {
    if (document.hidden) clearTimeout(timer);
    else now();
  }

  function stop() {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", onVisibility);
  }

  document.addEventListener("visibilitychange", onVisibility);
  // Not at once: what the work is for may still be under construction.
  queueMicrotask(now);
  return { now, stop };
}
