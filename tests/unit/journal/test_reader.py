"""Reading a journal: its records from a sequence on, and its end."""

from pathlib import Path

import pytest

from order_engine.journal.archive import move_to_archive
from order_engine.journal.errors import JournalDamaged, JournalError, JournalGap, JournalTooNew, JournalUnreadable
from order_engine.journal.frames import Flag, encode_frame
from order_engine.journal.reader import JournalReader, read_journal_id
from order_engine.journal.segments import SegmentHeader, encode_segment_header, list_segments, segment_path
from tests.fakes.fake_disk import FakeDisk
from tests.unit.journal.journal_fixtures import (
    DIRECTORY,
    FIRST_SEGMENT,
    JOURNAL_ID,
    cancels,
    open_committer,
    read_all,
    sequences,
    write,
    write_journal,
)


def three_segments() -> FakeDisk:
    disk = FakeDisk()
    write_journal(disk, cancels(1), cancels(2, 3), cancels(5), segment_bytes_max=1)
    return disk


def test_empty_directory_is_an_empty_journal() -> None:
    records, end = read_all(FakeDisk())

    assert records == []
    assert (end.last_sequence, end.segment, end.torn) == (0, None, None)


def test_records_come_back_as_they_were_written() -> None:
    disk = FakeDisk()
    written = [cancels(1), cancels(2, 3), cancels(5)]
    write_journal(disk, *written)

    records, end = read_all(disk)

    assert records == written
    assert end.last_sequence == 5
    assert end.offset == disk.size(FIRST_SEGMENT)
    assert end.header is not None
    assert end.header.journal_id == JOURNAL_ID


def test_records_come_back_across_segments() -> None:
    disk = three_segments()

    assert disk.names(DIRECTORY) == [segment_path(DIRECTORY, first).name for first in (1, 2, 5)]
    assert sequences(disk) == [1, 2, 5]


@pytest.mark.parametrize(("after", "expected"), [(0, [1, 2, 5]), (1, [2, 5]), (4, [5]), (5, [])])
def test_records_after_a_sequence_are_those_alone(after: int, expected: list[int]) -> None:
    assert sequences(three_segments(), after=after) == expected


def test_segments_before_the_sequence_are_not_opened() -> None:
    disk = three_segments()
    disk.put(FIRST_SEGMENT, b"no journal")

    assert sequences(disk, after=1) == [2, 5]


def test_archived_segments_are_missed_only_when_asked_for() -> None:
    disk = three_segments()
    disk.remove(FIRST_SEGMENT)

    assert sequences(disk, after=1) == [2, 5]
    with pytest.raises(JournalGap, match="begins at 2, records from 1"):
        sequences(disk)


def test_sequence_inside_a_batch_is_refused() -> None:
    with pytest.raises(JournalGap, match="sequence 3 lies inside the record 2 to 4"):
        sequences(three_segments(), after=3)


def test_sequence_beyond_the_end_is_refused() -> None:
    with pytest.raises(JournalGap, match="ends at 5, before 6"):
        sequences(three_segments(), after=6)


def test_end_is_unknown_until_the_journal_was_read_through() -> None:
    reader = JournalReader(DIRECTORY, three_segments(), rules_version=1)

    next(reader.records())

    with pytest.raises(JournalError, match="not been read to its end"):
        _ = reader.end


def test_missing_segment_is_damage() -> None:
    disk = three_segments()
    disk.remove(segment_path(DIRECTORY, 2))

    with pytest.raises(JournalDamaged, match=r"00005.journal: at byte 0: expected the segment of sequence 2, found 5"):
        read_all(disk)


def test_segment_of_another_journal_is_damage() -> None:
    disk, other = three_segments(), FakeDisk()
    committer = open_committer(other, journal_id="another", segment_bytes_max=1)
    write(committer, cancels(1), cancels(2, 3), cancels(5))
    disk.put(segment_path(DIRECTORY, 2), other.content(segment_path(DIRECTORY, 2)))

    with pytest.raises(JournalDamaged, match=f"expected journal_id {JOURNAL_ID}, found another"):
        read_all(disk)


def test_segment_under_another_name_is_damage() -> None:
    disk = three_segments()
    disk.put(segment_path(DIRECTORY, 6), disk.content(segment_path(DIRECTORY, 5)))

    with pytest.raises(JournalDamaged, match="expected first_sequence 6, found 5"):
        read_all(disk)


def test_frame_that_is_there_twice_is_damage() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1))
    length = disk.size(FIRST_SEGMENT)
    write_journal(disk, cancels(2))
    content = disk.content(FIRST_SEGMENT)
    disk.put(FIRST_SEGMENT, content + content[length:])

    with pytest.raises(JournalDamaged, match="expected a record of sequence 3, found 1 commands from sequence 2"):
        read_all(disk)


def test_format_newer_than_ours_is_refused_by_name() -> None:
    header = SegmentHeader(format=2, journal_id=JOURNAL_ID, rules_version=1, first_sequence=1, created_ns=0)
    disk = FakeDisk()
    disk.put(FIRST_SEGMENT, encode_frame(Flag.DURABLE, encode_segment_header(header) + b"\n"))

    with pytest.raises(JournalTooNew, match=r"00001\.journal: written in format 2, this program knows formats up to 1"):
        read_all(disk)


def test_rules_newer_than_ours_are_refused_by_name() -> None:
    disk = FakeDisk()
    write(open_committer(disk, rules=2), cancels(1))

    with pytest.raises(JournalTooNew, match=r"00001.journal: written under rules_version 2, this program knows .* 1"):
        read_all(disk, rules=1)


def test_live_journal_is_read_up_to_the_durable_sequence_only() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1), cancels(2), cancels(3))
    disk.put(FIRST_SEGMENT, disk.content(FIRST_SEGMENT) + b"F1 d half a frame that is being written")

    reader = JournalReader(DIRECTORY, disk, rules_version=1)

    assert [record.sequence for record in reader.records(1, until_sequence=3)] == [2, 3]
    assert [record.sequence for record in reader.records(0, until_sequence=1)] == [1]
    assert list(reader.records(3, until_sequence=3)) == []


def test_live_journal_that_lacks_the_sequence_is_a_gap() -> None:
    reader = JournalReader(DIRECTORY, three_segments(), rules_version=1)

    with pytest.raises(JournalGap, match="ends at 5, before 9"):
        list(reader.records(until_sequence=9))


def test_live_journal_torn_before_the_durable_sequence_is_damage() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1), cancels(2))
    disk.truncate(FIRST_SEGMENT, disk.size(FIRST_SEGMENT) - 1)

    with pytest.raises(JournalDamaged):
        list(JournalReader(DIRECTORY, disk, rules_version=1).records(until_sequence=2))


def test_progress_ends_at_all_bytes() -> None:
    reader = JournalReader(DIRECTORY, three_segments(), rules_version=1)

    seen = [(record.sequence, reader.bytes_read) for record in reader.records()]

    assert [read for _, read in seen] == sorted({read for _, read in seen})
    assert reader.bytes_read == reader.bytes_total > 0


def test_reader_tells_the_rules_of_each_segment() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1))
    write(open_committer(disk, rules=2), cancels(2))
    reader = JournalReader(DIRECTORY, disk, rules_version=2)

    rules = [reader.header.rules_version for _ in reader.records() if reader.header is not None]

    assert rules == [1, 2]


def test_disk_that_cannot_be_read_is_named() -> None:
    class BlindDisk(FakeDisk):
        def open_read(self, path):  # type: ignore[no-untyped-def]  # It never returns.
            raise OSError(5, "Input/output error")

    disk = BlindDisk()
    disk.put(FIRST_SEGMENT, b"")

    with pytest.raises(JournalUnreadable, match=r"00001.journal: cannot be read: .*Input/output error"):
        read_all(disk)


def test_one_walk_gives_the_records_the_journals_name_and_its_end() -> None:
    reader = JournalReader(DIRECTORY, three_segments(), rules_version=1)

    assert [record.sequence for record in reader.records()] == [1, 2, 5]

    assert reader.header is not None
    assert reader.header.journal_id == JOURNAL_ID
    assert reader.end.header == reader.header
    assert reader.end.last_sequence == 5


def test_journal_id_is_read_from_one_header_alone() -> None:
    disk = three_segments()
    assert read_journal_id(DIRECTORY, disk) == JOURNAL_ID

    disk.put(FIRST_SEGMENT, b"no journal")
    last = segment_path(DIRECTORY, 5)
    disk.put(last, disk.content(last)[:-1] + b"!")

    assert read_journal_id(DIRECTORY, disk) == JOURNAL_ID


def test_journal_that_is_not_there_yet_has_no_id() -> None:
    assert read_journal_id(DIRECTORY, FakeDisk()) is None
    assert read_journal_id(DIRECTORY, FakeDisk(), Path("/archive")) is None


def test_journal_id_is_read_from_the_segment_before_a_torn_header_even_in_the_archive() -> None:
    disk, archive = three_segments(), Path("/archive")
    disk.truncate(segment_path(DIRECTORY, 5), 20)
    assert read_journal_id(DIRECTORY, disk) == JOURNAL_ID

    for segment in list_segments(DIRECTORY, disk)[:2]:
        move_to_archive(segment, archive, disk)

    assert read_journal_id(DIRECTORY, disk, archive) == JOURNAL_ID
    assert read_journal_id(DIRECTORY, disk) is None


def test_damaged_header_gives_no_journal_id() -> None:
    disk = three_segments()
    last = segment_path(DIRECTORY, 5)
    disk.put(last, disk.content(last).replace(JOURNAL_ID.encode(), b"another"))

    with pytest.raises(JournalDamaged, match=str(last)):
        read_journal_id(DIRECTORY, disk)
