"""Builders for tests of the journal."""

from collections.abc import Callable
from pathlib import Path
from threading import Thread

from order_engine.journal.committer import Committer, SyncMode
from order_engine.journal.disk import Disk
from order_engine.journal.errors import JournalFailed
from order_engine.journal.frames import HEADER_BYTES, decode_header
from order_engine.journal.reader import JournalEnd, JournalReader
from order_engine.journal.record import Record
from order_engine.journal.segments import segment_path
from order_engine.journal.watermark import MemoryWatermark, Watermark
from order_engine.matching.commands import CancelOrder
from tests.fakes.fake_disk import FakeDisk

DIRECTORY = Path("/journal")
JOURNAL_ID = "0123456789abcdef0123456789abcdef"
FIRST_SEGMENT = segment_path(DIRECTORY, 1)
PATIENCE_SECONDS = 30.0


def cancels(sequence: int, count: int = 1, order_id: str = "1") -> Record:
    """A small record."""
    commands = tuple(CancelOrder(order_id=order_id) for _ in range(count))
    return Record(sequence=sequence, timestamp_ns=sequence, commands=commands)


def big_cancel(sequence: int, size: int = 1500) -> Record:
    """A record that spans several sectors."""
    return cancels(sequence, order_id="x" * size)


def read_all(
    disk: Disk, directory: Path = DIRECTORY, *, after: int = 0, rules: int = 1
) -> tuple[list[Record], JournalEnd]:
    """Read a journal to its end."""
    reader = JournalReader(directory, disk, rules_version=rules)
    records = list(reader.records(after))
    return records, reader.end


def sequences(disk: Disk, directory: Path = DIRECTORY, *, after: int = 0) -> list[int]:
    """The sequences of the records in a journal."""
    return [record.sequence for record in read_all(disk, directory, after=after)[0]]


def open_committer(
    disk: Disk,
    directory: Path = DIRECTORY,
    *,
    sync: SyncMode = SyncMode.ALWAYS,
    segment_bytes_max: int = 1 << 20,
    rules: int = 1,
    journal_id: str = JOURNAL_ID,
    sync_interval_ms: int = 3_600_000,
    watermark: Watermark | None = None,
    on_commit: Callable[[], object] = lambda: None,
    on_failure: Callable[[JournalFailed], None] | None = None,
) -> Committer:
    """Open a journal for writing at its end. Its thread is not started: the test commits."""
    return Committer(
        directory,
        disk,
        end=read_all(disk, directory, rules=rules)[1],
        journal_id=journal_id,
        rules_version=rules,
        clock=lambda: 1_700_000_000_000_000_000,
        watermark=watermark or MemoryWatermark(),
        sync=sync,
        sync_interval_ms=sync_interval_ms,
        segment_bytes_max=segment_bytes_max,
        on_commit=on_commit,
        on_failure=on_failure,
    )


def committer_in_a_held_sync(disk: FakeDisk) -> Committer:
    """Start a committer, append the record of command 1, and return once its sync is held back."""
    committer = open_committer(disk)
    committer.start()
    disk.hold_syncs()
    committer.append(cancels(1))
    disk.wait_until_sync_is_held()
    return committer


def write(journal: Committer, *records: Record) -> None:
    """Append and commit records, one frame each."""
    for record in records:
        journal.append(record)
        journal.commit()


def begin_segment(journal: Committer) -> None:
    """Begin a new segment, as when one is full; nothing may be waiting."""
    journal._segment.rotate()


def write_journal(disk: Disk, *records: Record, directory: Path = DIRECTORY, segment_bytes_max: int = 1 << 20) -> None:
    """Write a journal of one frame a record and close it."""
    committer = open_committer(disk, directory, segment_bytes_max=segment_bytes_max)
    write(committer, *records)
    committer.close()


def frame_flags(disk: FakeDisk, path: Path = FIRST_SEGMENT) -> str:
    """The flags of the frames of records in a segment, in order."""
    content, offset, found = disk.content(path), 0, ""
    while offset < len(content):
        header = decode_header(content[offset : offset + HEADER_BYTES])
        assert header is not None
        found += header.flag
        offset += HEADER_BYTES + header.payload_bytes
    return found[1:]


def marks(committer: Committer) -> tuple[int, int, int]:
    """The sequences of a committer: appended, visible, synced."""
    return committer.appended_sequence, committer.visible_sequence, committer.synced_sequence


class in_thread:  # noqa: N801 - It reads as a verb where it is used.
    """A thread that keeps its outcome."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.result: object = None
        self.error: BaseException | None = None
        self._thread = Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], object]) -> None:
        try:
            self.result = work()
        except BaseException as error:  # noqa: BLE001 - Whatever it is, the test shall see it.
            self.error = error

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def join(self) -> "in_thread":
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive(), "still waiting"
        return self
