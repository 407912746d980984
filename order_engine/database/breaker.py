"""A circuit breaker for reads: while the database does not answer, reads are refused at once.

Otherwise each read would wait for its full time-out, and requests would queue behind it.
"""

from collections.abc import Callable
from threading import Lock
from time import monotonic

RETRY_SECONDS = 1.0


class Breaker:
    """Keeps the last failure. While there is one, a single read may try again every ``retry_seconds``."""

    def __init__(self, clock: Callable[[], float] = monotonic, retry_seconds: float = RETRY_SECONDS) -> None:
        self._clock = clock
        self._retry_seconds = retry_seconds
        self._lock = Lock()
        self._trouble: str | None = None
        self._retry_at = 0.0

    def trouble(self) -> str | None:
        """Return why a read must not be tried now, or None if the caller may."""
        if self._trouble is None:
            return None
        with self._lock:
            now = self._clock()
            if now < self._retry_at:
                return self._trouble
            # This caller tries. The others are refused until it succeeds, or the next try is due.
            self._retry_at = now + self._retry_seconds
            return None

    def failed(self, trouble: str) -> None:
        """Note that the database did not answer."""
        with self._lock:
            self._trouble, self._retry_at = trouble, self._clock() + self._retry_seconds

    def succeeded(self) -> None:
        """Note that it answered."""
        self._trouble = None
