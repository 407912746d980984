"""The queue of records for one sink, and the sink's state: open, away, or faulted.

A sink that is away does not hold up the others: its queue keeps the records, up to a bound. Beyond that the queue is
dropped, and once the sink is back the follower reads the journal again from the sink's sequence.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from order_engine.exchange.applied import Applied
from order_engine.followers.progress import OK, STARTING, UNKNOWN, SinkProgress
from order_engine.followers.sink import Sink, SinkAway, SinkFaulted

log = logging.getLogger(__name__)

NEVER = float("-inf")


class Pace(NamedTuple):
    """The size of a batch, and in seconds how long to wait for more records, between syncs, and between retries.

    Sizes count commands; a record with many events weighs more, see ``Applied.weight``.
    A large batch takes a third less time for each command than one of some hundred. So the first command of a batch
    waits for ``pause_seconds`` while more come, but only for ``quiet_seconds`` if none does.
    """

    batch_weight_max: int = 2_000
    pause_seconds: float = 0.2
    quiet_seconds: float = 0.02
    sync_seconds: float = 1.0
    retry_seconds_first: float = 0.1
    retry_seconds_max: float = 5.0
    faulted_retry_seconds: float = 30.0
    waiting_weight_max: int = 10_000


class SinkLine:
    """One sink and the records that wait for it. ``clock`` returns monotonic seconds."""

    def __init__(self, sink: Sink, pace: Pace, clock: Callable[[], float]) -> None:
        self._sink = sink
        self._pace = pace
        self._clock = clock
        self._waiting: deque[Applied] = deque()
        self._waiting_weight = 0
        self._waiting_since = self._offered_at = 0.0
        self._written_sequence = UNKNOWN
        self._synced_sequence = UNKNOWN
        self._synced_at = NEVER
        self._status = STARTING
        self._retry_at = 0.0
        self._retry_seconds = pace.retry_seconds_first
        self.is_open = False

    @property
    def name(self) -> str:
        """The name of the sink."""
        return self._sink.name

    @property
    def held_sequence(self) -> int:
        """The last sequence that the sink has or that is queued for it; ``UNKNOWN`` until the sink was opened."""
        return self._waiting[-1].record.last_sequence if self._waiting else self._written_sequence

    @property
    def progress(self) -> SinkProgress:
        """How far the sink is."""
        return SinkProgress(self._written_sequence, self._synced_sequence, self._status)

    @property
    def is_idle(self) -> bool:
        """Whether everything offered is written and synced, or the sink is not open."""
        return not self.is_open or (not self._waiting and self._synced_sequence == self._written_sequence)

    @property
    def is_full(self) -> bool:
        """Whether an open sink has so much queued that the follower must not read on."""
        return self.is_open and self._waiting_weight > self._pace.waiting_weight_max

    @property
    def is_due_to_open(self) -> bool:
        """Whether the sink is not open and a retry is due."""
        return not self.is_open and self._clock() >= self._retry_at

    def open_if_due(self, journal_id: str, journal_end: int) -> bool:
        """Open the sink if a try is due; return whether it was opened now."""
        if not self.is_due_to_open:
            return False
        with _Attempt(self):
            sequence = self._sink.open(journal_id, journal_end)
            if self._written_sequence != sequence:
                # The queue does not join: another process wrote, a power cut lost commits, or the sink was replaced.
                self._drop_waiting()
            self._written_sequence = sequence
            # A killed process may have left writes that are not on disk yet.
            self._synced_sequence, self._synced_at = UNKNOWN, NEVER
            self._status, self._retry_seconds = OK, self._pace.retry_seconds_first
            self.is_open = True
        return self.is_open

    def offer(self, batch: Sequence[Applied]) -> None:
        """Queue consecutive records; skip those that the sink already has."""
        held = self.held_sequence
        if held == UNKNOWN or not batch or batch[0].record.sequence > held + 1:
            return
        self._offered_at = self._clock()
        for applied in batch:
            if applied.record.last_sequence > held:
                if not self._waiting:
                    self._waiting_since = self._offered_at
                self._waiting.append(applied)
                self._waiting_weight += applied.weight
        if not self.is_open and self._waiting_weight > self._pace.waiting_weight_max:
            self._drop_waiting()

    def write_if_due(self, *, hurry: bool, may_sync: bool = True) -> bool:
        """Write a batch once it is large or old enough, or at once in a ``hurry``; return whether anything was done.

        If there is nothing to write, and ``may_sync``, sync once that is due.
        """
        if not self.is_open:
            return False
        if self._waiting and (hurry or self._is_due()):
            self._write()
            return True
        return may_sync and self.sync_if_due(hurry=hurry)

    def sync_if_due(self, *, hurry: bool = False) -> bool:
        """Sync what was written if that is due or in a ``hurry``; return whether it was done."""
        if not self.is_open or self._synced_sequence >= self._written_sequence:
            return False
        if not hurry and not self._sync_is_due():
            return False
        self._sync()
        return True

    def sync(self) -> None:
        """Sync what was written, if the sink is open."""
        if self.is_open and self._synced_sequence < self._written_sequence:
            self._sync()

    def close(self) -> None:
        """Close the sink."""
        self.is_open = False
        try:
            self._sink.close()
        except Exception:
            # The other sinks go on. The next open shows whether this one works.
            log.exception("the %s follower could not be closed", self.name)

    def note_trouble(self, error: SinkAway | SinkFaulted) -> None:
        """Close the sink and set the next retry: soon if it is away, later if it is faulted."""
        self.close()
        if str(error) != self._status:
            level = logging.ERROR if isinstance(error, SinkFaulted) else logging.WARNING
            log.log(level, "the %s follower stands still: %s", self.name, error)
        self._status = str(error)
        if isinstance(error, SinkFaulted):
            self._retry_at = self._clock() + self._pace.faulted_retry_seconds
            return
        self._retry_at = self._clock() + self._retry_seconds
        self._retry_seconds = min(2 * self._retry_seconds, self._pace.retry_seconds_max)

    def _is_due(self) -> bool:
        pace, now = self._pace, self._clock()
        is_large = self._waiting_weight >= pace.batch_weight_max
        is_quiet = now - self._offered_at >= pace.quiet_seconds
        return is_large or is_quiet or now - self._waiting_since >= pace.pause_seconds

    def _sync_is_due(self) -> bool:
        return self._clock() - self._synced_at >= self._pace.sync_seconds

    def _write(self) -> None:
        batch: list[Applied] = []
        weight = 0
        for applied in self._waiting:
            weight += applied.weight
            if batch and weight > self._pace.batch_weight_max:
                break
            batch.append(applied)
        with _Attempt(self):
            self._sink.write(batch)
            for applied in batch:
                self._waiting.popleft()
                self._waiting_weight -= applied.weight
            self._waiting_since = self._clock()
            self._written_sequence = batch[-1].record.last_sequence

    def _sync(self) -> None:
        with _Attempt(self):
            self._synced_sequence = self._sink.sync()
            self._synced_at = self._clock()

    def _drop_waiting(self) -> None:
        self._waiting.clear()
        self._waiting_weight = 0


class _Attempt:
    """Turns an exception of the sink into its state."""

    def __init__(self, line: SinkLine) -> None:
        self._line = line

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        if isinstance(error, SinkAway | SinkFaulted):
            self._line.note_trouble(error)
            return True
        if isinstance(error, Exception):
            # An unexpected error: log it, and let the other sinks go on.
            log.error("the %s follower failed", self._line.name, exc_info=error)
            self._line.note_trouble(SinkFaulted(f"{type(error).__name__}: {error}"))
            return True
        return False
