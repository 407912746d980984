"""The only place that reads the time. The exchange stamps it on each command; the core takes it from there."""

import time
from typing import Protocol

from order_engine.wire.timestamps import TIMESTAMP_NS_MAX

# CLOCK_BOOTTIME also counts while the machine sleeps, and cannot be set. Not every system has it.
_UPTIME_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Tells the time. A test may stop it or turn it back."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970, UTC. A ``ClockGuard`` may raise ``ClockJumped``."""
        ...


class SystemClock:
    """The clock of the operating system."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970, UTC; may jump when the system's clock is set."""
        try:
            return time.time_ns()
        except OverflowError:
            return TIMESTAMP_NS_MAX


def worked_ns() -> int:
    """Return how long the processor has worked for this thread, in nanoseconds; what waits for it costs nothing."""
    return time.thread_time_ns()


def uptime_ns() -> int:
    """Return how long the machine has been up, in nanoseconds."""
    return time.clock_gettime_ns(_UPTIME_CLOCK)
