"""The queue between the publisher, who never waits, the projector, who writes in batches, and readers, who wait.

An item leaves the queue only when its rows are committed.
"""

from collections import deque
from collections.abc import Callable
from threading import Condition, Lock
from time import monotonic

from order_engine.exchange.applied import Applied

_NEVER = 1 << 62


class ProjectionQueue:
    """What is published and not yet written, and up to which sequence all is written."""

    def __init__(self) -> None:
        lock = Lock()
        self._work = Condition(lock)
        self._progress = Condition(lock)
        self._items: deque[tuple[Applied, int]] = deque()
        self._event_count = 0
        self._wake_at_count = _NEVER
        self._reader_count = 0
        self._closing = False
        self._trouble = False
        self._settled_at = 0.0
        self.published_sequence = 0
        self.projected_sequence = 0

    @property
    def event_count(self) -> int:
        """Events that are published and not yet written."""
        return self._event_count

    @property
    def closing(self) -> bool:
        """Whether nothing more will be published."""
        return self._closing

    def put(self, applied: Applied) -> None:
        """Append a record, unless it is written already; wakes the projector only when it is worth it."""
        # A record without events has a place too: the checkpoint must get past it.
        count = max(1, sum(map(len, applied.events)))
        last_sequence = applied.record.last_sequence
        with self._work:
            self.published_sequence = max(self.published_sequence, last_sequence)
            if last_sequence <= self.projected_sequence:
                return
            self._items.append((applied, count))
            self._event_count += count
            if self._event_count >= self._wake_at_count:
                self._work.notify()

    def wait_for_batch(self, event_count_max: int, pause_seconds: float, breath_seconds: float) -> list[Applied]:
        """Wait until there is something, then a little for more; empty only when closing.

        A waiting reader ends the pause, but not before ``breath_seconds`` have passed since the last batch: many
        readers would else make many small batches, each dear.

        The batch is whole records of up to ``event_count_max`` events, at least one record. It stays in the queue.
        """
        with self._work:
            self._sleep_until(lambda: bool(self._items), 1, None)
            if self._items:
                breath = self._settled_at + breath_seconds - monotonic()
                self._sleep_until(lambda: self._event_count >= event_count_max, event_count_max, max(breath, 0))
                self._sleep_until(lambda: self._is_worth_it(event_count_max), event_count_max, pause_seconds)
            return self._first_items(event_count_max)

    def settle(self, sequence: int) -> None:
        """Take note that everything up to ``sequence`` is committed: drop it, and let its readers go on."""
        with self._work:
            while self._items and self._items[0][0].record.last_sequence <= sequence:
                self._event_count -= self._items.popleft()[1]
            self.projected_sequence = sequence
            self._settled_at = monotonic()
            self._trouble = False
            self._progress.notify_all()

    def report_trouble(self) -> None:
        """Let nobody wait for a projection that is not getting on."""
        with self._work:
            self._trouble = True
            self._progress.notify_all()

    def wait_settled(self, sequence: int, timeout_seconds: float) -> bool:
        """Wait until ``sequence`` is committed; False when it takes too long or the projection is in trouble."""
        if self.projected_sequence >= sequence:
            return True
        with self._progress:
            self._reader_count += 1
            self._work.notify()
            try:
                self._progress.wait_for(lambda: self._trouble or self.projected_sequence >= sequence, timeout_seconds)
            finally:
                self._reader_count -= 1
            return self.projected_sequence >= sequence

    def pause(self, seconds: float) -> None:
        """Let time pass, or return as soon as the queue is closed."""
        with self._work:
            self._sleep_until(lambda: False, _NEVER, seconds)

    def close(self) -> None:
        """Say that nothing more will come: what is in the queue can still be written."""
        with self._work:
            self._closing = True
            self._work.notify()
            self._progress.notify_all()

    def _is_worth_it(self, event_count_max: int) -> bool:
        return self._reader_count > 0 or self._event_count >= event_count_max

    def _sleep_until(self, reached: Callable[[], bool], wake_at_count: int, timeout_seconds: float | None) -> None:
        self._wake_at_count = wake_at_count
        self._work.wait_for(lambda: self._closing or reached(), timeout_seconds)
        self._wake_at_count = _NEVER

    def _first_items(self, event_count_max: int) -> list[Applied]:
        batch: list[Applied] = []
        total = 0
        for applied, count in self._items:
            total += count
            if batch and total > event_count_max:
                break
            batch.append(applied)
        return batch
