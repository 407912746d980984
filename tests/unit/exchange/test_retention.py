"""Segments leave the journal only once snapshots, database and audit log have their records."""

from pathlib import Path

import pytest

from order_engine.exchange.retention import Retention, RetentionMode
from order_engine.exchange.state import state_hash
from order_engine.journal.errors import JournalGap
from order_engine.journal.segments import list_segments
from tests.builders import buy
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import DATA, opened, recovery_on
from tests.unit.journal.journal_fixtures import begin_segment

JOURNAL, ARCHIVE = DATA / "journal", DATA / "archive"
END = 12


def exchange_with_segments() -> FakeDisk:
    """Twelve commands, three in each of four segments, with snapshots at 5, 8, 10 and 12."""
    disk = FakeDisk()
    with opened(disk) as found:
        for sequence in range(2, END + 1):
            if sequence % 3 == 1:
                begin_segment(found.journal)
            found.carry_out(buy())
            if sequence in (5, 8, 10, 12):
                found.recovery.advance_snapshot(sequence)
    return disk


def retention(disk: FakeDisk, covered: int = END, mode: RetentionMode = RetentionMode.ARCHIVE) -> Retention:
    return Retention(mode, JOURNAL, ARCHIVE, disk, recovery_on(disk).files, lambda: covered)


def first_sequences(disk: FakeDisk, directory: Path = JOURNAL) -> list[int]:
    return [segment.first_sequence for segment in list_segments(directory, disk)]


def test_journal_is_as_the_tests_below_expect() -> None:
    assert first_sequences(exchange_with_segments()) == [1, 4, 7, 10]


@pytest.mark.parametrize(
    ("oldest_snapshot", "covered", "left"),
    [
        (5, 12, [4, 7, 10]),
        (8, 12, [7, 10]),
        (12, 12, [10]),
        (12, 8, [7, 10]),
        (12, 3, [4, 7, 10]),
        (12, 2, [1, 4, 7, 10]),
        (12, 0, [1, 4, 7, 10]),
    ],
)
def test_segment_goes_once_all_of_it_is_covered(oldest_snapshot: int, covered: int, left: list[int]) -> None:
    disk = exchange_with_segments()
    files = recovery_on(disk).files
    for path in files.paths_newest_first(oldest_snapshot - 1):
        disk.remove(path)

    retention(disk, covered).retire()

    assert first_sequences(disk) == left
    assert first_sequences(disk, ARCHIVE) == [first for first in (1, 4, 7, 10) if first not in left]


def test_without_a_snapshot_or_with_a_damaged_one_nothing_goes() -> None:
    disk = exchange_with_segments()
    oldest_kept = recovery_on(disk).files.paths_newest_first()[2]
    disk.put(oldest_kept, b"damaged")
    keeper = retention(disk)
    keeper.tend()
    assert "its checksum" in keeper.status

    for path in recovery_on(disk).files.paths_newest_first():
        disk.remove(path)
    keeper.tend()

    assert keeper.status == "ok"
    assert first_sequences(disk) == [1, 4, 7, 10]


def test_keeping_touches_nothing() -> None:
    disk = exchange_with_segments()

    assert retention(disk, mode=RetentionMode.KEEP).retire() == []
    assert first_sequences(disk) == [1, 4, 7, 10]


def test_start_history_and_replay_after_archiving_are_as_before() -> None:
    disk = exchange_with_segments()
    before = recovery_on(disk)
    hashes = state_hash(before.latest().state.dump()), state_hash(before.replay(None).dump())
    history = list(before.history(0, END))

    retention(disk).retire()

    after = recovery_on(disk)
    assert (state_hash(after.latest().state.dump()), state_hash(after.replay(None).dump())) == hashes
    assert list(after.history(0, END)) == history
    assert after.read_through().last_sequence == END


def test_removing_leaves_what_a_start_and_the_slowest_projection_need() -> None:
    disk = exchange_with_segments()
    history = list(recovery_on(disk).history(6, END))

    retention(disk, covered=6, mode=RetentionMode.REMOVE).retire()

    recovery = recovery_on(disk)
    assert first_sequences(disk) == [4, 7, 10]
    assert not first_sequences(disk, ARCHIVE)
    assert recovery.latest().state.sequence == END
    assert list(recovery.history(6, END)) == history
    with pytest.raises(JournalGap, match="begins at 4"):
        recovery.replay(None)


def test_snapshot_that_a_slow_projection_needs_outlives_newer_ones() -> None:
    disk = exchange_with_segments()
    recovery = recovery_on(disk)
    with opened(disk) as found:
        for sequence in range(END + 1, END + 5):
            found.carry_out(buy())
            found.recovery.advance_snapshot(sequence)
            found.recovery.files.remove_old(needed_from=9)

    kept = [int(path.stem) for path in recovery.files.paths_newest_first()]

    assert kept == [16, 15, 14, 8]


def test_snapshot_that_a_database_out_of_reach_may_need_outlives_newer_ones() -> None:
    disk = exchange_with_segments()
    retention(disk, covered=6, mode=RetentionMode.REMOVE).retire()
    with opened(disk) as found:
        for sequence in range(END + 1, END + 5):
            found.carry_out(buy())
            found.recovery.advance_snapshot(sequence)
            found.recovery.files.remove_old(needed_from=0)

    recovery = recovery_on(disk)

    assert [int(path.stem) for path in recovery.files.paths_newest_first()] == [16, 15, 14, 5]
    assert [applied.record.sequence for applied in recovery.history(6, END)] == list(range(7, END + 1))


@pytest.mark.parametrize(("covered", "kept"), [(END, [12, 10, 8]), (7, [12, 10, 8, 5]), (0, [12, 10, 8, 5])])
def test_old_snapshots_go_but_the_newest_and_one_for_the_slowest_sink(covered: int, kept: list[int]) -> None:
    disk = exchange_with_segments()

    retention(disk, covered, RetentionMode.KEEP).tend()

    assert [int(path.stem) for path in recovery_on(disk).files.paths_newest_first()] == kept


def test_full_archive_is_told_and_nothing_is_lost() -> None:
    class FullDisk(FakeDisk):
        def rename(self, source: Path, target: Path) -> None:
            raise OSError("no space left")

    disk = exchange_with_segments()
    disk.__class__ = FullDisk
    keeper = retention(disk)

    keeper.tend()

    assert "no space left" in keeper.status
    assert recovery_on(disk).replay(None).sequence == END
