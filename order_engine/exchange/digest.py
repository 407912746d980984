"""A running digest of the events. Comparing it shows when the exchange and its replica have diverged.

Each interval of ``INTERVAL`` sequences has its own digest. Two processes that began at different sequences can compare
every interval that both saw whole. Recovery and ``verify`` use the full ``state_hash`` instead.
"""

from zlib import crc32

import msgspec

from order_engine.exchange.applied import Applied

INTERVAL = 1_000
KEPT_INTERVALS = 1_000

_encode = msgspec.json.Encoder().encode


class RunningDigest:
    """Begins after ``sequence``. ``completed`` maps an interval's number to its digest; old intervals are dropped."""

    def __init__(self, sequence: int) -> None:
        self._interval = (sequence + 1) // INTERVAL
        # There is no sequence 0, so the first interval is whole from 1 on.
        self._is_whole = sequence == 0 or (sequence + 1) % INTERVAL == 0
        self._value = 0
        self.completed: dict[int, int] = {}

    def add(self, applied: Applied) -> None:
        """Add the next record. It counts to the interval of its last sequence."""
        interval = applied.record.last_sequence // INTERVAL
        if interval != self._interval:
            self._complete(interval)
        self._value = crc32(_encode(applied.events), self._value)

    def _complete(self, next_interval: int) -> None:
        if self._is_whole:
            self.completed[self._interval] = self._value
            if len(self.completed) > KEPT_INTERVALS:
                del self.completed[next(iter(self.completed))]
        self._interval, self._is_whole, self._value = next_interval, True, 0
