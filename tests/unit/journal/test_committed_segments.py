"""The committer's files: segments, frames and their flags, the syncs of each mode, and where it continues."""

import pytest

from order_engine.journal.committer import SyncMode
from order_engine.journal.frames import Flag
from order_engine.journal.record import encode_record
from order_engine.journal.segments import segment_path
from order_engine.journal.watermark import MemoryWatermark
from tests.fakes.fake_disk import FakeDisk
from tests.unit.journal.journal_fixtures import (
    DIRECTORY,
    FIRST_SEGMENT,
    JOURNAL_ID,
    PATIENCE_SECONDS,
    cancels,
    frame_flags,
    in_thread,
    marks,
    open_committer,
    read_all,
    sequences,
    write,
    write_journal,
)


def test_writing_goes_on_where_the_journal_ended() -> None:
    disk, watermark = FakeDisk(), MemoryWatermark()
    write_journal(disk, cancels(1, 2))

    committer = open_committer(disk, journal_id="not this one", watermark=watermark)
    assert (watermark.visible, watermark.synced) == (2, 2)
    write(committer, cancels(3))

    assert committer.journal_id == JOURNAL_ID
    assert sequences(disk) == [1, 3]
    assert disk.names(DIRECTORY) == [FIRST_SEGMENT.name]


def test_torn_tail_is_cut_off_before_writing() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1), cancels(2))
    disk.truncate(FIRST_SEGMENT, disk.size(FIRST_SEGMENT) - 1)

    write(open_committer(disk), cancels(2, order_id="another"))

    assert read_all(disk)[0] == [cancels(1), cancels(2, order_id="another")]


def test_torn_segment_header_is_removed_before_writing() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1), cancels(2), segment_bytes_max=1)
    disk.truncate(segment_path(DIRECTORY, 2), 20)

    write(open_committer(disk), cancels(2))

    assert disk.names(DIRECTORY) == [FIRST_SEGMENT.name]
    assert sequences(disk.crash()) == [1, 2]


def test_what_a_killed_process_left_unsynced_is_synced_before_it_counts() -> None:
    disk = FakeDisk()
    write(open_committer(disk, sync=SyncMode.OFF), cancels(1))
    assert sequences(disk.crash()) == []

    reopened = open_committer(disk)

    assert marks(reopened) == (1, 1, 1)
    assert sequences(disk.crash()) == [1]


def test_full_segment_is_followed_by_a_new_one_that_survives_a_crash() -> None:
    disk = FakeDisk()

    write(open_committer(disk, segment_bytes_max=1), cancels(1), cancels(2, 3))

    assert disk.names(DIRECTORY) == [FIRST_SEGMENT.name, segment_path(DIRECTORY, 2).name]
    assert sequences(disk.crash()) == [1, 2]


@pytest.mark.parametrize("mode", [SyncMode.OFF, SyncMode.INTERVAL])
def test_rotation_syncs_what_no_fsync_has_covered_yet(mode: SyncMode) -> None:
    disk = FakeDisk()
    committer = open_committer(disk, sync=mode, segment_bytes_max=1)

    write(committer, cancels(1))
    assert marks(committer) == (1, 1, 0)
    write(committer, cancels(2))

    assert marks(committer) == (2, 2, 1)
    assert sequences(disk.crash()) == [1]


def test_other_rules_begin_a_new_segment() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1))

    open_committer(disk, rules=2).close()
    open_committer(disk, rules=3).close()

    _, end = read_all(disk, rules=3)
    assert disk.names(DIRECTORY) == [FIRST_SEGMENT.name, segment_path(DIRECTORY, 2).name]
    assert end.header is not None
    assert end.header.rules_version == 3


@pytest.mark.parametrize("mode", [SyncMode.OFF, SyncMode.INTERVAL])
def test_sync_puts_what_is_visible_on_disk_whatever_the_mode(mode: SyncMode) -> None:
    disk, watermark = FakeDisk(), MemoryWatermark()
    committer = open_committer(disk, sync=mode, watermark=watermark)
    write(committer, cancels(1), cancels(2))
    committer.append(cancels(3))
    assert (watermark.visible, watermark.synced) == (2, 0)

    assert committer.sync() == 2

    assert (watermark.visible, watermark.synced) == (2, 2)
    assert sequences(disk.crash()) == [1, 2]
    assert committer.sync() == 2
    assert disk.sync_count == 1


def test_records_become_visible_while_another_thread_syncs() -> None:
    disk = FakeDisk()
    committer = open_committer(disk, sync=SyncMode.OFF)
    committer.start()
    committer.append(cancels(1))
    committer.wait_visible(1)
    disk.hold_syncs()
    syncing = in_thread(committer.sync)
    disk.wait_until_sync_is_held()

    committer.append(cancels(2))
    assert committer.wait_visible(2, PATIENCE_SECONDS)
    assert marks(committer) == (2, 2, 0)

    disk.release_syncs()
    assert syncing.join().result == 1
    committer.close()


def test_flags_tell_what_was_on_disk() -> None:
    disk = FakeDisk()
    committer = open_committer(disk, sync=SyncMode.INTERVAL)
    write(committer, cancels(1), cancels(2), cancels(3))
    committer.sync()
    write(committer, cancels(4), cancels(5))
    committer.close()
    write_journal(disk, cancels(6))

    assert frame_flags(disk) == Flag.SYNCED + Flag.UNSYNCED + Flag.UNSYNCED + Flag.SYNCED + Flag.UNSYNCED + Flag.DURABLE


def test_interval_syncs_by_itself_with_nothing_more_to_write() -> None:
    disk = FakeDisk()
    committer = open_committer(disk, sync=SyncMode.INTERVAL, sync_interval_ms=1)
    committer.start()

    committer.append(cancels(1))

    disk.wait_until_synced(FIRST_SEGMENT, encode_record(cancels(1)))
    committer.close()


def test_interval_syncs_by_itself_while_there_is_always_more_to_write() -> None:
    disk = FakeDisk()
    committer = open_committer(disk, sync=SyncMode.INTERVAL, sync_interval_ms=1)
    committer.start()

    while committer.synced_sequence == 0 and committer.appended_sequence < 1_000_000:
        committer.append(cancels(committer.appended_sequence + 1))

    assert committer.synced_sequence > 0
    committer.close()
