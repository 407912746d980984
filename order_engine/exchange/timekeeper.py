"""The timekeeper: a thread that makes the exchange do what is due, even when no command comes.

Time enters only with journaled commands, so the exchange journals a command of its own when orders expire or a schedule
changes a session's state. Until the next such moment the thread sleeps.
"""

import logging
from threading import Condition, Thread
from typing import Protocol

from order_engine.exchange.clock import Clock
from order_engine.exchange.errors import ClockJumped, Unavailable

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
# What is left of very much work is due at once; others may take the exchange's lock between its parts.
PAUSE_US = 500
# If the clock is set while the thread sleeps, the thread notices within this time.
SLEEP_SECONDS_MAX = 30.0


class Timed(Protocol):
    """Something with work that is due at certain times."""

    def keep_time(self) -> int | None:
        """Do what is due by now; return when something is due next, or None."""
        ...


class Alarm:
    """Wakes the timekeeper when something is due sooner than before, or at the end."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._rung = False
        self._off = False

    def ring(self) -> None:
        """End the present wait, or the next one."""
        with self._condition:
            self._rung = True
            self._condition.notify_all()

    def turn_off(self) -> None:
        """End the present wait and every later one."""
        with self._condition:
            self._off = True
            self._condition.notify_all()

    def wait(self, seconds: float | None) -> bool:
        """Wait until rung, at most ``seconds``; return False once turned off."""
        with self._condition:
            self._condition.wait_for(lambda: self._rung or self._off, seconds)
            self._rung = False
            return not self._off


class Timekeeper:
    """Calls ``keep_time`` whenever something may be due; ``clock`` gives the time to sleep."""

    def __init__(self, timed: Timed, clock: Clock, alarm: Alarm) -> None:
        self._timed = timed
        self._clock = clock
        self._alarm = alarm
        self.trouble: str | None = None
        self._thread = Thread(target=self._run, name="timekeeper", daemon=True)

    def start(self) -> None:
        """Start the thread. It first does what became due before."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread and wait for its end."""
        self._alarm.turn_off()
        self.join()

    def join(self) -> None:
        """Wait until the thread has ended."""
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                seconds = self._seconds_until(self._timed.keep_time())
                self.trouble = None
            except ClockJumped:
                # While the clock is wrong nothing is due. The clock watch reports it.
                seconds, self.trouble = RETRY_SECONDS, None
            except Unavailable:
                return  # The exchange has halted or is closing.
            except Exception as error:
                log.exception("the timekeeper failed once, and goes on")
                self.trouble, seconds = f"{type(error).__name__}: {error}", RETRY_SECONDS
            if not self._alarm.wait(seconds):
                return

    def _seconds_until(self, due_ns: int | None) -> float | None:
        if due_ns is None:
            return None
        # Round up to the next microsecond: a sleep that ends too early would be followed by a very short one.
        wait_us = max(PAUSE_US, -((self._clock.now_ns() - due_ns) // 1_000))
        return min(wait_us * 1e-6, SLEEP_SECONDS_MAX)
