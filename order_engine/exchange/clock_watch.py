"""The clock watch: a thread that looks at the clock each second, so that a jump is logged though no order comes.

While the clock is not believed it also looks whether an operator has accepted it.
"""

import logging
from threading import Event, Thread

from order_engine.exchange.clock_acceptance import ClockAcceptance
from order_engine.exchange.clock_guard import ClockGuard
from order_engine.exchange.errors import ClockJumped

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class ClockWatch:
    """Looks at what a guard says, and hands it what an operator accepts."""

    def __init__(self, guard: ClockGuard, acceptance: ClockAcceptance) -> None:
        self._guard = guard
        self._acceptance = acceptance
        self._was_jumped = False
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="clock-watch", daemon=True)

    def start(self) -> None:
        """Begin; what was accepted before this start counts no more."""
        self._acceptance.remove()
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def step(self) -> None:
        """Look once."""
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
            # A time that is never accepted. The command that asked gives up by itself.
            return
        self._acceptance.remove()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self.step()
            except Exception:
                log.exception("the clock watch met a fault, and goes on")
