"""The one clock. Time is read here, stamped on a command, and read nowhere below."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time; a test may hold it still, or turn it back."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970, UTC."""
        ...


class SystemClock:
    """The clock of the operating system."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970, UTC; may jump when the system's clock is set."""
        return time.time_ns()
