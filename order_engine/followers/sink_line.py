"""The line of records that wait for one sink, and the sink's state: open, away, or faulted.

A sink that is away does not hold up the others: its line keeps what comes, up to a bound. Past that the line is let go,
and the follower reads the journal again from where the sink stands once the sink is back.
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
    """How many commands are written at once, how long to wait for more, and for a sink that is away; in seconds.

    A large batch takes a third less time for each command than one of some hundred. So the first command of a batch
    waits for ``pause_seconds`` while more come, but only for ``quiet_seconds`` if none does.
    """

    batch_commands_max: int = 2_000
    pause_seconds: float = 0.2
    quiet_seconds: float = 0.02
    sync_seconds: float = 1.0
    retry_seconds_first: float = 0.1
    retry_seconds_max: float = 5.0
    faulted_retry_seconds: float = 30.0
    waiting_commands_max: int = 20_000


class SinkLine:
    """One sink and what it has still to write. ``clock`` gives seconds that never go back."""

    def __init__(self, sink: Sink, pace: Pace, clock: Callable[[], float]) -> None:
        self._sink = sink
        self._pace = pace
        self._clock = clock
        self._waiting: deque[Applied] = deque()
        self._waiting_commands = 0
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
        """The sink's name."""
        return self._sink.name

    @property
    def held_sequence(self) -> int:
        """The last sequence that the sink has, or that waits for it here; ``UNKNOWN`` until the sink was opened."""
        return self._waiting[-1].record.last_sequence if self._waiting else self._written_sequence

    @property
    def progress(self) -> SinkProgress:
        """How far the sink is."""
        return SinkProgress(self._written_sequence, self._synced_sequence, self._status)

    @property
    def is_idle(self) -> bool:
        """Whether all that was offered is written and on disk, or cannot be now."""
        return not self.is_open or (not self._waiting and self._synced_sequence == self._written_sequence)

    @property
    def is_full(self) -> bool:
        """Whether an open sink has so much to write that reading on would only take memory."""
        return self.is_open and self._waiting_commands > self._pace.waiting_commands_max

    @property
    def retry_in_seconds(self) -> float:
        """How long until the sink is tried again; 0 if it is open."""
        return 0.0 if self.is_open else max(0.0, self._retry_at - self._clock())

    @property
    def is_due_to_open(self) -> bool:
        """Whether the sink is not open and may be tried now."""
        return not self.is_open and self._clock() >= self._retry_at

    def open_if_due(self, journal_id: str, journal_end: int) -> bool:
        """Open a sink that is not open, unless it was tried a moment ago; say whether it was opened now."""
        if not self.is_due_to_open:
            return False
        with _Attempt(self):
            sequence = self._sink.open(journal_id, journal_end)
            if self._written_sequence != sequence:
                # What waits does not join on: another process wrote, a power cut took commits, the sink was replaced.
                self._drop_waiting()
            self._written_sequence = sequence
            # What a process wrote that was killed may not be on disk yet.
            self._synced_sequence, self._synced_at = UNKNOWN, NEVER
            self._status, self._retry_seconds = OK, self._pace.retry_seconds_first
            self.is_open = True
        return self.is_open

    def offer(self, batch: Sequence[Applied]) -> None:
        """Take consecutive records; those that the sink has already are passed over."""
        held = self.held_sequence
        if held == UNKNOWN or not batch or batch[0].record.sequence > held + 1:
            return
        self._offered_at = self._clock()
        for applied in batch:
            if applied.record.last_sequence > held:
                if not self._waiting:
                    self._waiting_since = self._offered_at
                self._waiting.append(applied)
                self._waiting_commands += len(applied.record.commands)
        if not self.is_open and self._waiting_commands > self._pace.waiting_commands_max:
            self._drop_waiting()

    def write_if_due(self, *, hurry: bool, may_sync: bool = True) -> bool:
        """Write a batch once it is large or old enough, or at once in a ``hurry``; say whether anything was done.

        With nothing to write, put on disk what was written, if that is due and ``may_sync``.
        """
        if not self.is_open:
            return False
        if self._waiting and (hurry or self._is_due()):
            self._write()
            return True
        return may_sync and self.sync_if_due(hurry=hurry)

    def sync_if_due(self, *, hurry: bool = False) -> bool:
        """Put on disk what was written, if that was not done a moment ago; say whether it was done now."""
        if not self.is_open or self._synced_sequence >= self._written_sequence:
            return False
        if not hurry and not self._sync_is_due():
            return False
        self._sync()
        return True

    def sync(self) -> None:
        """Put on disk what was written, if the sink is open."""
        if self.is_open and self._synced_sequence < self._written_sequence:
            self._sync()

    def close(self) -> None:
        """Release the sink."""
        self.is_open = False
        try:
            self._sink.close()
        except Exception:
            # The other sinks go on; opening it again shows whether it is well.
            log.exception("the %s follower could not be closed", self.name)

    def note_trouble(self, error: SinkAway | SinkFaulted) -> None:
        """Close the sink, and try again later: soon if it is away, seldom if somebody must act first."""
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
        is_large = self._waiting_commands >= pace.batch_commands_max
        is_quiet = now - self._offered_at >= pace.quiet_seconds
        return is_large or is_quiet or now - self._waiting_since >= pace.pause_seconds

    def _sync_is_due(self) -> bool:
        return self._clock() - self._synced_at >= self._pace.sync_seconds

    def _write(self) -> None:
        batch: list[Applied] = []
        commands = 0
        for applied in self._waiting:
            commands += len(applied.record.commands)
            if batch and commands > self._pace.batch_commands_max:
                break
            batch.append(applied)
        with _Attempt(self):
            self._sink.write(batch)
            for applied in batch:
                self._waiting.popleft()
                self._waiting_commands -= len(applied.record.commands)
            self._waiting_since = self._clock()
            self._written_sequence = batch[-1].record.last_sequence

    def _sync(self) -> None:
        with _Attempt(self):
            self._synced_sequence = self._sink.sync()
            self._synced_at = self._clock()

    def _drop_waiting(self) -> None:
        self._waiting.clear()
        self._waiting_commands = 0


class _Attempt:
    """Turns what a sink raises into its state."""

    def __init__(self, line: SinkLine) -> None:
        self._line = line

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        if isinstance(error, SinkAway | SinkFaulted):
            self._line.note_trouble(error)
            return True
        if isinstance(error, Exception):
            # Whatever it is: the other sinks go on, and somebody must hear of it.
            log.error("the %s follower failed", self._line.name, exc_info=error)
            self._line.note_trouble(SinkFaulted(f"{type(error).__name__}: {error}"))
            return True
        return False
