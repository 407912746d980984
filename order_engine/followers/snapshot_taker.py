"""Snapshots, taken from the replica: trading pays nothing for them.

The state is dumped at the end of a batch, by a forked child that has a copy of it, so that the follower goes on
meanwhile. A snapshot never passes what is on disk of the journal: one that outlived the journal's tail in a power cut
would be of a history that nobody has.
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
    """A dump that was begun."""

    def outcome(self) -> str | None:
        """Return None while it goes on, then ``ok`` or what went wrong."""
        ...

    def abandon(self) -> None:
        """End it, whatever it has done by now."""


class SnapshotTaker:
    """Takes the snapshots that are wanted; ``begin_dump`` starts to save a state that stands still."""

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
        """The sequence of the last snapshot, that of the last attempt, and how the attempt went."""
        return SinkProgress(self._sequence, self._attempted_sequence, self._status)

    @property
    def is_idle(self) -> bool:
        """Whether no snapshot is wanted or being taken."""
        return self._wanted is None and self._dumping is None

    def want(self, sequence: int) -> None:
        """Take one at this sequence or after it, as soon as that may be done."""
        self._wanted = sequence if self._wanted is None else max(sequence, self._wanted)

    def holds(self, replica: Replica, watermark: Watermark) -> bool:
        """Tell whether the replica must stand still, until what it has applied is on disk."""
        return self._is_reached(replica) and replica.sequence > watermark.synced

    def step(self, replica: Replica, watermark: Watermark) -> bool:
        """Begin or end what can be begun or ended now; say whether anything was."""
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
        """Give up a dump that goes on."""
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
    """A dump that is saved at once, by the caller."""

    def __init__(self, save: Callable[[], object]) -> None:
        save()

    def outcome(self) -> str | None:
        """Return that it is done."""
        return OK

    def abandon(self) -> None:
        """Do nothing: it is done."""
