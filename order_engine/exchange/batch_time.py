"""How long a batch may hold the exchange: entries that are not reached by then are no part of its record."""

from collections.abc import Callable

from order_engine.exchange.clock import worked_ns

BATCH_NS_MAX = 50_000_000


class BatchTime:
    """Time of the processor: a busy machine does not shorten a batch."""

    def __init__(self, stopwatch: Callable[[], int] = worked_ns) -> None:
        self._stopwatch = stopwatch

    def starting_now(self, commands: int) -> Callable[[], bool]:
        """Return what tells whether a batch of so many commands that starts now may go on."""
        if commands == 1:
            # Nothing will ask, and a single order should not pay for a look at the clock.
            return lambda: True
        ends_ns = self._stopwatch() + BATCH_NS_MAX
        return lambda: self._stopwatch() < ends_ns
