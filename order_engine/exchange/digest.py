"""A running digest of the events, by which the exchange and its replica find out that they no longer agree.

Each interval of ``INTERVAL`` sequences has a digest of its own. Two processes that began at different sequences can so
compare every interval that both saw whole. The full ``state_hash`` is for recovery and ``verify``.
"""

from zlib import crc32

import msgspec

from order_engine.exchange.applied import Applied

INTERVAL = 1_000
KEPT_INTERVALS = 1_000

_encode = msgspec.json.Encoder().encode


class RunningDigest:
    """Begins after ``sequence``. ``completed`` maps the number of an interval to its digest, for the newest ones."""

    def __init__(self, sequence: int) -> None:
        self._interval = (sequence + 1) // INTERVAL
        # There is no sequence 0, so the first interval is whole from 1 on.
        self._is_whole = sequence == 0 or (sequence + 1) % INTERVAL == 0
        self._value = 0
        self.completed: dict[int, int] = {}

    def add(self, applied: Applied) -> None:
        """Take the next record; it belongs to the interval of its last sequence."""
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
