"""A journal that is being written reads as it was at the first look."""

from pathlib import Path

import pytest

from order_engine.journal.errors import JournalDamaged
from order_engine.journal.still_disk import StillDisk
from tests.fakes.fake_disk import FakeDisk
from tests.unit.journal.journal_fixtures import (
    DIRECTORY,
    FIRST_SEGMENT,
    begin_segment,
    big_cancel,
    open_committer,
    read_all,
    sequences,
    write,
    write_journal,
)


@pytest.fixture
def disk() -> FakeDisk:
    disk = FakeDisk()
    write_journal(disk, *(big_cancel(sequence) for sequence in range(1, 4)))
    return disk


def test_what_is_appended_after_the_first_look_is_not_there(disk: FakeDisk) -> None:
    still = StillDisk(disk)
    assert sequences(still) == [1, 2, 3]

    write(open_committer(disk), big_cancel(4))

    assert sequences(still) == [1, 2, 3]
    assert sequences(StillDisk(disk)) == [1, 2, 3, 4]


def test_segment_begun_after_the_first_look_is_not_there(disk: FakeDisk) -> None:
    still = StillDisk(disk)
    still.names(DIRECTORY)
    committer = open_committer(disk)
    begin_segment(committer)
    write(committer, big_cancel(4))

    assert sequences(still) == [1, 2, 3]


def test_frame_of_which_a_part_was_written_at_the_first_look_is_a_torn_tail_for_good(disk: FakeDisk) -> None:
    whole = disk.content(FIRST_SEGMENT)
    begin = whole.rindex(b"F1 ")
    for length in range(begin + 1, len(whole), 97):
        disk.put(FIRST_SEGMENT, whole[:length])
        still = StillDisk(disk)
        still.size(FIRST_SEGMENT)

        disk.put(FIRST_SEGMENT, whole)
        records, end = read_all(still)

        assert [record.sequence for record in records] == [1, 2]
        assert end.torn is not None
        assert (end.torn.offset, end.torn.length) == (begin, length - begin)


def test_damage_is_damage_all_the_same(disk: FakeDisk) -> None:
    content = disk.content(FIRST_SEGMENT)
    disk.put(FIRST_SEGMENT, content.replace(b"xxx", b"xyx", 1))

    with pytest.raises(JournalDamaged):
        sequences(StillDisk(disk))


def test_nothing_can_be_written(disk: FakeDisk) -> None:
    still, path = StillDisk(disk), Path("/journal/new")
    attempts = (
        lambda: still.create(path, b""),
        lambda: still.open_append(FIRST_SEGMENT),
        lambda: still.truncate(FIRST_SEGMENT, 1),
        lambda: still.rename(FIRST_SEGMENT, path),
        lambda: still.remove(FIRST_SEGMENT),
        lambda: still.sync_directory(DIRECTORY),
    )

    for attempt in attempts:
        with pytest.raises(PermissionError, match="only read here"):
            attempt()
