"""Verification: compares the journal with the snapshots and all projections.

It reads every frame of the journal from the first, carries out every record again, and compares each snapshot with the
state at its sequence. It stops at the first difference. Nothing is written. A server may run meanwhile; what it appends
after the start of the verification is ignored. The memory needed is that of one exchange, and of a second state while a
snapshot of an older format is compared.
"""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from msgspec import Struct

from order_engine.exchange.applied import Applied
from order_engine.exchange.errors import ServiceError, SnapshotError
from order_engine.exchange.recovery import JOURNAL_DIRECTORY, SNAPSHOT_DIRECTORY
from order_engine.exchange.snapshots import FORMAT, SnapshotFiles, SnapshotGone, SnapshotHeader, snapshot_sequence
from order_engine.exchange.state import ExchangeState, state_hash
from order_engine.journal.archive import ARCHIVE_DIRECTORY, all_segments
from order_engine.journal.disk import Disk
from order_engine.journal.errors import JournalUnreadable
from order_engine.journal.reader import JournalReader
from order_engine.journal.still_disk import StillDisk
from order_engine.matching.engine import RULES_VERSION


class DifferenceFound(ServiceError):
    """Two things that must be the same are not."""

    def __init__(self, where: str, expected: object, found: object) -> None:
        super().__init__(f"{where}: expected {expected}, found {found}")
        self.where = where
        self.expected = str(expected)
        self.found = str(found)


class StoredSnapshot(NamedTuple):
    """A snapshot to compare. ``check`` and ``load`` raise ``SnapshotError``, or ``SnapshotGone`` if it was removed."""

    where: str
    sequence: int
    check: Callable[[], SnapshotHeader]
    load: Callable[[], ExchangeState]


class Follower(Protocol):
    """Compares one projection with the journal, record by record."""

    def check_journal(self, journal_id: str | None) -> None:
        """Raise ``DifferenceFound`` if it was projected from another journal."""

    def follow(self, applied: Applied) -> None:
        """Compare the next record; raise ``DifferenceFound`` if its projection differs."""

    def finish(self, last_sequence: int) -> None:
        """Raise ``DifferenceFound`` if the projection has more than the journal, which ends here."""


class Verified(Struct, frozen=True, kw_only=True):
    """What was compared. ``torn_bytes`` counts the bytes of a torn tail, which a crash or a running server leaves."""

    journal_id: str | None
    segments: int
    records: int
    sequence: int
    state_hash: str
    torn_bytes: int
    snapshots: int


class Progress(NamedTuple):
    """How many bytes of the journal have been read, and up to which sequence."""

    bytes_read: int
    bytes_total: int
    sequence: int


class Verification:
    """Verifies the journal in ``data_directory`` as it stands when this is made.

    Make it after ``snapshots`` and ``follower``, so that the journal is not behind them.
    """

    def __init__(
        self,
        data_directory: Path,
        disk: Disk,
        snapshots: Iterable[StoredSnapshot],
        follower: Follower | None,
        report: Callable[[Progress], None] = lambda _: None,
        archive_directory: Path | None = None,
    ) -> None:
        archive = archive_directory or data_directory / ARCHIVE_DIRECTORY
        self._directory = data_directory / JOURNAL_DIRECTORY
        self._disk = StillDisk(disk)
        try:
            self._segments = all_segments(self._directory, archive, self._disk)
            self._bytes_total = sum(self._disk.size(segment.path) for segment in self._segments)
        except OSError as error:
            raise JournalUnreadable(self._directory, error) from error
        self._reader = JournalReader(self._directory, self._disk, rules_version=RULES_VERSION, archive=archive)
        self._waiting = sorted(snapshots, key=lambda snapshot: snapshot.sequence, reverse=True)
        self._follower = follower
        self._report = report
        self._snapshots = 0
        self._journal_id: str | None = None

    def run(self) -> Verified:
        """Compare everything; raise ``DifferenceFound``, or a ``JournalError`` if the journal is damaged."""
        state = ExchangeState()
        records = 0
        for record in self._reader.records():
            self._learn_journal_id()
            self._check_snapshots_before(record.sequence)
            applied = state.apply(record)
            records += 1
            if self._waiting and self._waiting[-1].sequence == state.sequence:
                self._check_snapshots_at(state)
            if self._follower is not None:
                self._follower.follow(applied)
            self._report(Progress(self._reader.bytes_read, self._bytes_total, state.sequence))
        self._learn_journal_id()
        self._check_nothing_is_left(state)
        return self._verified(state, records)

    def _learn_journal_id(self) -> None:
        if self._journal_id is None:
            header = self._reader.header
            self._journal_id = None if header is None else header.journal_id
            if self._follower is not None:
                self._follower.check_journal(self._journal_id)

    def _check_snapshots_before(self, sequence: int) -> None:
        """Raise ``DifferenceFound`` for a snapshot at 0 or inside a record: none is ever taken there."""
        if self._waiting and self._waiting[-1].sequence < sequence:
            stored = self._waiting[-1]
            raise DifferenceFound(f"{stored.where}: sequence", "one that ends a record", stored.sequence)

    def _check_snapshots_at(self, state: ExchangeState) -> None:
        expected = state_hash(state.dump())
        while self._waiting and self._waiting[-1].sequence == state.sequence:
            stored = self._waiting.pop()
            try:
                self._check_snapshot(stored, state, expected)
            except SnapshotGone:
                continue
            except SnapshotError as error:
                raise DifferenceFound(
                    stored.where, f"a whole snapshot of format 1 to {FORMAT}", f"that {error}"
                ) from error
            self._snapshots += 1

    def _check_snapshot(self, stored: StoredSnapshot, state: ExchangeState, expected_hash: str) -> None:
        header, where = stored.check(), stored.where
        _require_same(f"{where}: journal_id", self._journal_id, header.journal_id)
        _require_same(f"{where}: sequence", state.sequence, header.sequence)
        _require_same(f"{where}: timestamp_ns", state.engine.timestamp_ns, header.timestamp_ns)
        if header.format == FORMAT:
            _require_same(f"{where}: state_hash in its header", expected_hash, header.state_hash)
        else:
            # The hash in its header is over the dump in the old format.
            _require_same(f"{where}: hash of its state", expected_hash, state_hash(stored.load().dump()))

    def _check_nothing_is_left(self, state: ExchangeState) -> None:
        for stored in reversed(self._waiting):
            try:
                stored.check()
            except SnapshotGone:
                continue
            except SnapshotError:
                pass
            where, expected = f"{stored.where}: sequence", f"at most {state.sequence}, where the journal ends"
            raise DifferenceFound(where, expected, stored.sequence)
        if self._follower is not None:
            self._follower.finish(state.sequence)

    def _verified(self, state: ExchangeState, records: int) -> Verified:
        torn = self._reader.end.torn
        return Verified(
            journal_id=self._journal_id,
            segments=len(self._segments),
            records=records,
            sequence=state.sequence,
            state_hash=state_hash(state.dump()),
            torn_bytes=0 if torn is None else torn.length,
            snapshots=self._snapshots,
        )


def _require_same(where: str, expected: object, found: object) -> None:
    if expected != found:
        raise DifferenceFound(where, expected, found)


def stored_files(data_directory: Path, disk: Disk) -> list[StoredSnapshot]:
    """List the snapshot files in a data directory."""
    directory = data_directory / SNAPSHOT_DIRECTORY
    try:
        paths = SnapshotFiles(directory, StillDisk(disk)).paths_newest_first()
    except OSError:
        return []
    files = SnapshotFiles(directory, disk)
    return [
        StoredSnapshot(str(path), snapshot_sequence(path), partial(files.check, path), partial(files.load, path))
        for path in paths
    ]
