"""The audit log as a sink goes on after failures of its disk, and faults if it must not write."""

from pathlib import Path

import pytest

from order_engine.exchange.applied import Applied
from order_engine.exchange.verification import DifferenceFound
from order_engine.followers.audit.checkpoint import checkpoint_path
from order_engine.followers.audit.files import list_segments
from order_engine.followers.audit.sink import AuditSink
from order_engine.followers.sink import SinkAway, SinkFaulted
from order_engine.journal.disk import LocalDisk
from order_engine.journal.held_file import HeldFile
from tests.fakes.fake_disk import FakeDisk
from tests.unit.audit.audited import DIRECTORY, END, FIRST_SEGMENT, JOURNAL_ID, checked, trading, written

CHECKPOINT = checkpoint_path(DIRECTORY)


def opened_sink(disk: FakeDisk, journal_end: int = END) -> AuditSink:
    sink = AuditSink(DIRECTORY, disk)
    sink.open(JOURNAL_ID, journal_end)
    return sink


def write_and_sync(sink: AuditSink, records: list[Applied]) -> None:
    sink.write(records)
    sink.sync()


def test_every_command_is_recorded_across_restarts() -> None:
    disk, records = FakeDisk(), trading()
    for start in range(0, len(records), 3):
        sink = opened_sink(disk)
        sink.write(records[start : start + 3])
        assert sink.sync() == sink.sequence == records[min(start + 2, len(records) - 1)].record.last_sequence
        sink.close()

    assert checked(disk, trading()).counts.compared == END


@pytest.mark.parametrize("operation", ["write", "sync", "create"])
def test_failing_disk_keeps_the_sink_away_and_nothing_is_lost_or_doubled(operation: str) -> None:
    disk, records = FakeDisk(), trading()
    sink = opened_sink(disk)
    disk.fail(operation, OSError("no space left"), after_bytes=50)

    with pytest.raises(SinkAway, match="no space left"):
        write_and_sync(sink, records)
    disk.repair()

    reached = sink.open(JOURNAL_ID, END)
    sink.write([applied for applied in records if applied.record.sequence > reached])
    assert sink.sync() == END
    assert checked(disk, records).counts.compared == END


def test_damaged_log_faults_says_where_and_is_left_as_it_is() -> None:
    disk = FakeDisk()
    written(disk, trading())
    content = disk.content(FIRST_SEGMENT).replace(b"sell 10", b"sell 90", 1)
    disk.put(FIRST_SEGMENT, content)

    with pytest.raises(SinkFaulted, match=rf"AuditDamaged: {FIRST_SEGMENT}: .*at byte .*move the audit directory away"):
        opened_sink(disk)

    assert disk.content(FIRST_SEGMENT) == content


def test_log_ahead_of_the_journal_faults_and_is_left_as_it_is() -> None:
    disk = FakeDisk()
    written(disk, trading())
    content = disk.content(FIRST_SEGMENT)

    with pytest.raises(SinkFaulted, match="the log goes to 9, the journal ends at 1"):
        opened_sink(disk, journal_end=1)

    assert disk.content(FIRST_SEGMENT) == content


def test_log_of_another_journal_faults() -> None:
    disk = FakeDisk()
    written(disk, trading())

    with pytest.raises(SinkFaulted, match="AuditForeign"):
        AuditSink(DIRECTORY, disk).open("f" * 32, END)


def test_gap_faults() -> None:
    with pytest.raises(SinkFaulted, match="expected sequence 1, found 2"):
        opened_sink(FakeDisk()).write(trading()[1:])


def test_second_sink_is_away_until_the_first_is_closed(tmp_path: Path) -> None:
    first, second = (AuditSink(tmp_path / "audit", LocalDisk(), HeldFile.of_directory) for _ in range(2))
    first.open(JOURNAL_ID, 0)
    first.write(trading())

    with pytest.raises(SinkAway, match="another process writes the audit log"):
        second.open(JOURNAL_ID, END)
    first.close()

    assert second.open(JOURNAL_ID, END) == END
    second.close()


@pytest.fixture
def recorded() -> FakeDisk:
    """A disk with the log of all records, and its checkpoint."""
    disk = FakeDisk()
    sink = opened_sink(disk)
    write_and_sync(sink, trading())
    sink.close()
    return disk


def test_log_that_is_only_behind_is_no_difference() -> None:
    disk, records = FakeDisk(), trading()
    sink = opened_sink(disk)
    write_and_sync(sink, records[:3])
    sink.write(records[3:5])

    assert checked(disk, records).counts.behind == 2


def test_deleted_log_is_named(recorded: FakeDisk) -> None:
    recorded.remove(FIRST_SEGMENT)

    with pytest.raises(DifferenceFound, match=f"{DIRECTORY}: expected entries up to {END}, .* found no entry"):
        checked(recorded, trading())


@pytest.mark.parametrize("lines_cut", [1, 4, END])
def test_log_that_was_cut_at_its_end_is_named(recorded: FakeDisk, lines_cut: int) -> None:
    lines = recorded.content(FIRST_SEGMENT).splitlines(keepends=True)
    recorded.put(FIRST_SEGMENT, b"".join(lines[:-lines_cut]))

    with pytest.raises(DifferenceFound, match=f"{FIRST_SEGMENT}: expected entries up to {END}, as the checkpoint says"):
        checked(recorded, trading())


def test_log_without_its_last_segment_is_named() -> None:
    disk, records = FakeDisk(), trading()
    sink = AuditSink(DIRECTORY, disk, segment_bytes_max=600)
    sink.open(JOURNAL_ID, END)
    write_and_sync(sink, records)
    *_, last = list_segments(DIRECTORY, disk)
    disk.remove(last.path)

    with pytest.raises(DifferenceFound, match="found the last one is 7"):
        checked(disk, records)


def test_log_that_lost_its_end_is_told_and_written_again(recorded: FakeDisk, caplog: pytest.LogCaptureFixture) -> None:
    recorded.remove(FIRST_SEGMENT)
    sink = opened_sink(recorded)
    assert f"the audit log in {DIRECTORY} ends at 0, its checkpoint says {END}" in caplog.text

    write_and_sync(sink, trading()[:4])
    assert checked(recorded, trading()).counts.behind == 3
    write_and_sync(sink, trading()[4:])

    assert checked(recorded, trading()).counts.compared == END


def test_damaged_checkpoint_is_named_and_written_again(recorded: FakeDisk) -> None:
    recorded.put(CHECKPOINT, b'{"journal_id":"0123","sequence":9,"more":1}')
    with pytest.raises(DifferenceFound, match=f"{CHECKPOINT}: at byte 0: expected a checkpoint"):
        checked(recorded, trading())

    opened_sink(recorded).sync()

    assert checked(recorded, trading()).counts.compared == END


def test_checkpoint_of_another_journal_says_nothing(recorded: FakeDisk) -> None:
    recorded.put(CHECKPOINT, recorded.content(CHECKPOINT).replace(JOURNAL_ID.encode(), b"f" * 32))
    recorded.remove(FIRST_SEGMENT)

    assert checked(recorded, trading()).is_empty
