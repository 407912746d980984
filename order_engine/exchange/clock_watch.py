"""The clock watch: a thread that checks the clock each second, so that a jump is logged even when no order comes.

After a jump it also checks whether an operator has accepted the clock.
"""

import logging
from threading import Event, Thread

from order_engine.exchange.clock_acceptance import ClockAcceptance
from order_engine.exchange.clock_guard import ClockGuard
from order_engine.exchange.errors import ClockJumped

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class ClockWatch:
    """Checks a ``ClockGuard``, and tells it when an operator has accepted the clock."""

    def __init__(self, guard: ClockGuard, acceptance: ClockAcceptance) -> None:
        self._guard = guard
        self._acceptance = acceptance
        self._was_jumped = False
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="clock-watch", daemon=True)

    def start(self) -> None:
        """Start the thread. An acceptance from before this start is dropped."""
        self._acceptance.remove()
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def step(self) -> None:
        """Check once."""
        try:
            self._guard.now_ns()
        except ClockJumped as jumped:
            self._report(str(jumped))
            self._accept(jumped)
        else:
            self._report(None)

    def _report(self, doubt: str | None) -> None:
        if doubt is not None and not self._was_jumped:
            log.error("%s", doubt)
        elif doubt is None and self._was_jumped:
            log.warning("the clock is believed again: orders are taken")
        self._was_jumped = doubt is not None

    def _accept(self, jumped: ClockJumped) -> None:
        if not self._acceptance.covers(jumped.time_ns):
            return
        try:
            self._guard.accept()
        except ClockJumped:
            # The time is past the limit and never accepted. The operator's command times out by itself.
            return
        self._acceptance.remove()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self.step()
            except Exception:
                log.exception("the clock watch failed once, and goes on")
