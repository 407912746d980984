"""The one clock. Time is read here, stamped on a command, and read nowhere below."""

import time
from typing import Protocol

from order_engine.wire.timestamps import TIMESTAMP_NS_MAX

# It counts on while the machine sleeps, and nobody can set it. Not every system has it.
_UPTIME_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Tells the time; a test may hold it still, or turn it back."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970, UTC. A clock that is watched may raise ``ClockJumped``."""
        ...


class SystemClock:
    """The clock of the operating system."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970, UTC; may jump when the system's clock is set."""
        try:
            return time.time_ns()
        except OverflowError:
            return TIMESTAMP_NS_MAX


def uptime_ns() -> int:
    """Return how long the machine has been up, in nanoseconds."""
    return time.clock_gettime_ns(_UPTIME_CLOCK)
