"""Paces reads of the database by processor time, so that they do not slow order entry.

Reads run in threads of the exchange's process, and the interpreter runs one thread at a time. While the loop serves
many other requests, reads get a small share of the processor; while it serves few, they get all of it. A read that
waits for the database uses no processor time and costs nothing here.

The share depends on the number of requests and not on the loop's processor time: reads that starve the loop would make
it look idle.
"""

import time
from collections.abc import Callable
from threading import Lock

# The part of the processor that reads get while the loop is busy.
SHARE_MIN = 0.05
# From this many requests a second on the loop is busy.
BUSY_REQUESTS_PER_SECOND = 500
# How long the loop is watched before the share is worked out again.
WINDOW_SECONDS = 0.05
# What reads may use at once after a pause.
BURST_SECONDS = 0.02
WEIGHT_OF_LATEST = 0.2

Clock = Callable[[], float]


class ReadPace:
    """A budget of processor seconds, which grows with time and which each read draws on. Threads share one."""

    def __init__(
        self,
        count_served: Callable[[], int],
        clock: Clock = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """``count_served`` says how many requests the loop has served by itself."""
        self._count_served = count_served
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._share = 1.0
        self._budget = BURST_SECONDS
        self._expected = 0.0
        self._grown_at = self._watched_at = clock()
        self._served = count_served()

    def await_turn(self) -> float:
        """Wait until the budget allows a read; return the seconds that were drawn for it in advance."""
        while True:
            with self._lock:
                self._grow()
                if self._budget > 0:
                    self._budget -= self._expected
                    return self._expected
                pause = min(-self._budget / self._share, WINDOW_SECONDS)
            self._sleep(max(pause, 0.001))

    def charge(self, drawn: float, used: float) -> None:
        """Draw what a read has used, less what was drawn for it in advance."""
        with self._lock:
            self._budget -= used - drawn
            self._expected += (used - self._expected) * WEIGHT_OF_LATEST

    def _grow(self) -> None:
        now = self._clock()
        if (watched := now - self._watched_at) >= WINDOW_SECONDS:
            served = self._count_served()
            busy = (served - self._served) / watched / BUSY_REQUESTS_PER_SECOND
            self._share = max(SHARE_MIN, 1 - busy)
            self._watched_at, self._served = now, served
        self._budget = min(BURST_SECONDS, self._budget + (now - self._grown_at) * self._share)
        self._grown_at = now
