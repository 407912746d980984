"""The timekeeper: a thread that has the exchange do what is due by time alone, when nobody else comes by.

Time enters only with journaled commands: the exchange takes a command of its own when orders expire or a session's
schedule asks for a state. Between those moments the thread sleeps.
"""

import logging
from threading import Condition, Thread
from typing import Protocol

from order_engine.exchange.clock import Clock
from order_engine.exchange.errors import ClockJumped, Unavailable

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
# A clock that is set while the thread sleeps is noticed within this time.
SLEEP_SECONDS_MAX = 30.0


class Timed(Protocol):
    """Something with work that is due at certain times."""

    def keep_time(self) -> int | None:
        """Do what is due by now; return when something will be due next, None if nothing ever will."""
        ...


class Alarm:
    """Wakes the timekeeper: rung when something comes to be due sooner than was known, or at the end."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._rung = False
        self._off = False

    def ring(self) -> None:
        """Wake whoever waits, or the next to wait."""
        with self._condition:
            self._rung = True
            self._condition.notify_all()

    def turn_off(self) -> None:
        """Wake whoever waits, for good."""
        with self._condition:
            self._off = True
            self._condition.notify_all()

    def wait(self, seconds: float | None) -> bool:
        """Wait until rung, or for a time; False once turned off."""
        with self._condition:
            self._condition.wait_for(lambda: self._rung or self._off, seconds)
            self._rung = False
            return not self._off


class Timekeeper:
    """Calls ``keep_time`` of what is timed whenever that may have something to do; ``clock`` says how long to sleep."""

    def __init__(self, timed: Timed, clock: Clock, alarm: Alarm) -> None:
        self._timed = timed
        self._clock = clock
        self._alarm = alarm
        self.trouble: str | None = None
        self._thread = Thread(target=self._run, name="timekeeper", daemon=True)

    def start(self) -> None:
        """Begin, with what became due while nobody kept time."""
        self._thread.start()

    def stop(self) -> None:
        """Keep time no more."""
        self._alarm.turn_off()
        self.join()

    def join(self) -> None:
        """Return once time is kept no more."""
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                seconds = self._seconds_until(self._timed.keep_time())
                self.trouble = None
            except ClockJumped:
                # Nothing is due by a clock that is wrong. Others report it.
                seconds, self.trouble = RETRY_SECONDS, None
            except Unavailable:
                return  # The exchange has halted or is closing, and time no longer matters to it.
            except Exception as error:
                log.exception("the timekeeper met a fault, and goes on")
                self.trouble, seconds = f"{type(error).__name__}: {error}", RETRY_SECONDS
            if not self._alarm.wait(seconds):
                return

    def _seconds_until(self, due_ns: int | None) -> float | None:
        if due_ns is None:
            return None
        # To the next microsecond: a sleep that ends a moment early would be followed by a very short one.
        wait_us = max(0, -((self._clock.now_ns() - due_ns) // 1_000))
        return min(wait_us * 1e-6, SLEEP_SECONDS_MAX)
