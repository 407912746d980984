"""Recovery: loads the newest good snapshot, then replays the journal after it.

If no snapshot is good it replays the whole journal. Starts, ``rebuild`` and ``snapshot`` all use this.
"""

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from order_engine.exchange.applied import Applied
from order_engine.exchange.errors import SnapshotError
from order_engine.exchange.snapshots import (
    Snapshot,
    SnapshotFiles,
    make_snapshot,
)
from order_engine.exchange.state import ExchangeState
from order_engine.journal.archive import ARCHIVE_DIRECTORY
from order_engine.journal.disk import Disk
from order_engine.journal.reader import JournalEnd, JournalReader, read_journal_id
from order_engine.matching.engine import RULES_VERSION

log = logging.getLogger(__name__)

JOURNAL_DIRECTORY = "journal"
SNAPSHOT_DIRECTORY = "snapshots"


class Recovered(NamedTuple):
    """The state at the journal's end, where the journal ends, and the sequence of the snapshot used (0: none)."""

    state: ExchangeState
    end: JournalEnd
    snapshot_sequence: int


class Progress(NamedTuple):
    """How far a recovery has come."""

    bytes_read: int
    bytes_total: int


class Recovery:
    """Rebuilds the state from ``data_directory``.

    Segments that are not in the journal's directory are read from ``archive_directory``.
    """

    def __init__(
        self,
        data_directory: Path,
        disk: Disk,
        archive_directory: Path | None = None,
    ) -> None:
        self.journal_directory = data_directory / JOURNAL_DIRECTORY
        self.archive_directory = archive_directory or data_directory / ARCHIVE_DIRECTORY
        self.files = SnapshotFiles(data_directory / SNAPSHOT_DIRECTORY, disk)
        self._disk = disk
        self._reader: JournalReader | None = None

    @property
    def progress(self) -> Progress:
        """How much of the journal has been read, and how much there is to read."""
        reader = self._reader
        return Progress(0, 0) if reader is None else Progress(reader.bytes_read, reader.bytes_total)

    def latest(self, note: Callable[[Applied], object] = lambda _: None) -> Recovered:
        """Rebuild the state at the journal's end, and ``note`` each record that is replayed for it.

        Raises a ``JournalError`` if the journal is damaged or too short.
        """
        self._disk.make_directory(self.journal_directory)
        with suppress(FileNotFoundError):
            # A killed process may have moved a segment without syncing. Sync its new name before its old name is lost.
            self._disk.sync_directory(self.archive_directory)
        state = self._newest_state(None)
        snapshot_sequence = state.sequence
        reader = self._reader = self._new_reader()
        for record in reader.records(snapshot_sequence):
            note(state.apply(record))
        return Recovered(state, reader.end, snapshot_sequence)

    def history(self, after_sequence: int, until_sequence: int) -> Iterator[Applied]:
        """Yield the records after ``after_sequence`` up to a durable sequence, with their events, in order."""
        state = self._newest_state(after_sequence)
        for record in self._new_reader().records(state.sequence, until_sequence):
            applied = state.apply(record)
            if record.sequence > after_sequence:
                yield applied

    def state_at_or_before(self, sequence: int) -> ExchangeState:
        """Load the newest good snapshot at or before a sequence; without one, return an empty state."""
        return self._newest_state(sequence)

    def state_at(self, sequence: int) -> ExchangeState:
        """Rebuild the state at a durable sequence that ends a record."""
        state = self._newest_state(sequence)
        for record in self._new_reader().records(state.sequence, sequence):
            state.apply(record)
        return state

    def replay(self, until_sequence: int | None) -> ExchangeState:
        """Replay the journal from its beginning, without any snapshot, to its end or up to a sequence."""
        state = ExchangeState()
        for record in self._new_reader().records(0, until_sequence):
            state.apply(record)
        return state

    def read_through(self) -> JournalEnd:
        """Check every frame of the journal from its beginning, without applying records, and return its end."""
        reader = self._new_reader()
        for _ in reader.records(0):
            pass
        return reader.end

    def advance_snapshot(self, sequence: int) -> Snapshot:
        """Take a snapshot at a durable sequence that ends a record, from the newest older one and the journal."""
        return self.save(self.state_at(sequence))

    def save(self, state: ExchangeState) -> Snapshot:
        """Save a snapshot of a durable state, which must not change meanwhile."""
        journal_id = self.journal_id()
        if journal_id is None:
            raise SnapshotError(f"{self.journal_directory}: there is no journal to take a snapshot of")
        snapshot = make_snapshot(state, journal_id, RULES_VERSION)
        self.files.put(snapshot)
        return snapshot

    def journal_id(self) -> str | None:
        """Return the journal's id; None if there is no journal yet."""
        return read_journal_id(self.journal_directory, self._disk, self.archive_directory)

    def _new_reader(self) -> JournalReader:
        return JournalReader(
            self.journal_directory, self._disk, rules_version=RULES_VERSION, archive=self.archive_directory
        )

    def _newest_state(self, sequence_max: int | None) -> ExchangeState:
        """Load the newest good snapshot of this journal up to a sequence; without one, return an empty state."""
        paths = self.files.paths_newest_first(sequence_max)
        journal_id = self.journal_id() if paths else None
        for path in paths:
            try:
                found = self.files.check(path).journal_id
                if journal_id not in (None, found):
                    raise SnapshotError(f"it belongs to the journal {found}, not {journal_id}")
                with kept_from_collector():
                    return self.files.load(path)
            except SnapshotError as error:
                log.error("the snapshot %s is not used: %s", path, error)
        return ExchangeState()


@contextmanager
def kept_from_collector() -> Iterator[None]:
    """Exempt the objects made here from garbage collection for good.

    Otherwise each full collection would spend about a second on a million live orders.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()


def collect_what_was_kept() -> None:
    """Free what an earlier load kept from the collector and nobody uses any more: the books refer to each other."""
    gc.unfreeze()
    gc.collect()
