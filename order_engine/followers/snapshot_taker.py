"""Takes snapshots from the replica, so that they cost trading nothing.

A forked child dumps its copy of the state while the follower goes on. A snapshot is never ahead of the synced journal:
a power cut could otherwise lose the end of the journal and leave a snapshot of records that no longer exist.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from order_engine.exchange.errors import SnapshotError
from order_engine.exchange.state import ExchangeState
from order_engine.followers.progress import OK, SNAPSHOTS, SinkProgress
from order_engine.followers.replica import Replica
from order_engine.journal.watermark import Watermark

log = logging.getLogger(__name__)


class Dumping(Protocol):
    """A dump that is being saved."""

    def outcome(self) -> str | None:
        """Return None while it runs, then ``ok`` or the error."""
        ...

    def abandon(self) -> None:
        """Stop it."""


class SnapshotTaker:
    """Takes the requested snapshots. ``begin_dump`` starts to save a state, which does not change in this call."""

    name = SNAPSHOTS

    def __init__(self, begin_dump: Callable[[ExchangeState], Dumping]) -> None:
        self._begin_dump = begin_dump
        self._wanted: int | None = None
        self._dumping: Dumping | None = None
        self._dumping_sequence = 0
        self._sequence = 0
        self._attempted_sequence = 0
        self._status = OK

    @property
    def progress(self) -> SinkProgress:
        """The sequence of the last snapshot, and the sequence and status of the last attempt."""
        return SinkProgress(self._sequence, self._attempted_sequence, self._status)

    @property
    def is_idle(self) -> bool:
        """Whether no snapshot is requested or in progress."""
        return self._wanted is None and self._dumping is None

    def want(self, sequence: int) -> None:
        """Request a snapshot at this sequence or after it."""
        self._wanted = sequence if self._wanted is None else max(sequence, self._wanted)

    def holds(self, replica: Replica, watermark: Watermark) -> bool:
        """Return whether the replica must wait until the journal is synced as far as it has read."""
        return self._is_reached(replica) and replica.sequence > watermark.synced

    def step(self, replica: Replica, watermark: Watermark) -> bool:
        """Begin or end a dump if that is possible now; return whether it was."""
        if self._dumping is not None:
            return self._end(self._dumping)
        if not self._is_reached(replica) or replica.sequence > watermark.synced:
            return False
        self._wanted, self._dumping_sequence = None, replica.sequence
        if replica.sequence == self._sequence:
            self._note(OK)
            return True
        try:
            self._dumping = self._begin_dump(replica.state)
        except (OSError, SnapshotError) as error:
            self._note(f"{type(error).__name__}: {error}")
        return True

    def close(self) -> None:
        """Stop a dump in progress."""
        if self._dumping is not None:
            self._dumping.abandon()
            self._dumping = None

    def _end(self, dumping: Dumping) -> bool:
        outcome = dumping.outcome()
        if outcome is None:
            return False
        self._dumping = None
        if outcome == OK:
            self._sequence = self._dumping_sequence
        self._note(outcome)
        return True

    def _is_reached(self, replica: Replica) -> bool:
        return self._wanted is not None and self._dumping is None and replica.sequence >= self._wanted > 0

    def _note(self, status: str) -> None:
        self._status, self._attempted_sequence = status, self._dumping_sequence
        if status != OK:
            log.warning("snapshot at %d: %s", self._dumping_sequence, status)


class SavedDump:
    """A dump that saves at once, in the caller's thread."""

    def __init__(self, save: Callable[[], object]) -> None:
        save()

    def outcome(self) -> str | None:
        """Return ``ok``."""
        return OK

    def abandon(self) -> None:
        """Do nothing: the dump is saved."""
