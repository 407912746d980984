"""Reads that see what was acknowledged: before the database is asked, it must have caught up."""

from collections.abc import Callable

from order_engine.api.plumbing.problems import Problem
from order_engine.exchange.exchange import Exchange

WaitProjected = Callable[[int, float], bool]
WAIT_SECONDS = 5.0


class Freshness:
    """Waits, a bounded time, until a read would show all that it must. ``wait_projected`` waits for the database."""

    def __init__(self, exchange: Exchange, wait_projected: WaitProjected, seconds: float = WAIT_SECONDS) -> None:
        self._exchange = exchange
        self._wait_projected = wait_projected
        self._seconds = seconds

    def of_database(self, min_sequence: int = 0) -> None:
        """Wait until the database has all that is on disk by now, and what the caller has seen."""
        sequence = max(min_sequence, self._exchange.visible_sequence)
        self.of_book(sequence)
        if not self._wait_projected(sequence, self._seconds):
            raise Problem("projection_behind", f"The database has not reached sequence {sequence} in time.")

    def of_book(self, min_sequence: int) -> None:
        """Wait until what the caller has seen is on disk here."""
        if min_sequence > self._exchange.applied_sequence or not self._exchange.wait_visible(
            min_sequence, self._seconds
        ):
            raise Problem("projection_behind", f"The exchange has not reached sequence {min_sequence} in time.")
