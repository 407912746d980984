"""Writing: durable means on disk, in order, for everybody who waits; and nothing after a failure."""

from pathlib import Path
from threading import Barrier, Lock

import pytest

from order_engine.journal import writer as writer_module
from order_engine.journal.errors import JournalClosed, JournalGap
from order_engine.journal.frames import HEADER_BYTES, Flag, decode_header
from order_engine.journal.record import encode_record
from order_engine.journal.segments import segment_path
from order_engine.journal.waiters import Waiter
from order_engine.journal.writer import JournalWriter, SyncMode
from tests.fakes.fake_disk import FakeDisk
from tests.unit.journal.journal_fixtures import (
    DIRECTORY,
    FIRST_SEGMENT,
    JOURNAL_ID,
    cancels,
    in_thread,
    open_writer,
    read_all,
    sequences,
    write,
    write_journal,
)


def flags(disk: FakeDisk, path: Path = FIRST_SEGMENT) -> str:
    """The flags of the frames of records in a segment, in order."""
    content, offset, found = disk.content(path), 0, ""
    while offset < len(content):
        header = decode_header(content[offset : offset + HEADER_BYTES])
        assert header is not None
        found += header.flag
        offset += HEADER_BYTES + header.payload_bytes
    return found[1:]


def append_until_closed(writer: JournalWriter) -> None:
    while True:
        try:
            writer.append(cancels(writer.appended_sequence + 1))
        except JournalClosed:
            return


def test_nothing_is_durable_while_the_sync_is_held_back() -> None:
    disk = FakeDisk()
    writer = open_writer(disk)
    disk.hold_syncs()
    writer.append(cancels(1))

    waiting = in_thread(lambda: writer.wait_durable(1))
    disk.wait_until_sync_is_held()

    assert encode_record(cancels(1)) in disk.content(FIRST_SEGMENT)
    assert writer.durable_sequence == 0
    assert waiting.is_running
    assert writer.wait_beyond(0, timeout=0) == 0

    disk.release_syncs()
    assert waiting.join().error is None
    assert writer.durable_sequence == 1
    assert encode_record(cancels(1)) in disk.synced(FIRST_SEGMENT)


def test_append_does_no_io() -> None:
    disk = FakeDisk()
    writer = open_writer(disk)
    before = disk.content(FIRST_SEGMENT)

    writer.append(cancels(1))

    assert disk.content(FIRST_SEGMENT) == before
    assert (writer.appended_sequence, writer.durable_sequence) == (1, 0)


def test_all_that_waits_during_a_sync_is_one_frame_and_one_sync() -> None:
    disk = FakeDisk()
    writer = open_writer(disk)
    disk.hold_syncs()
    writer.append(cancels(1))
    leader = in_thread(lambda: writer.wait_durable(1))
    disk.wait_until_sync_is_held()
    for sequence in range(2, 10):
        writer.append(cancels(sequence))
    followers = [in_thread(lambda sequence=sequence: writer.wait_durable(sequence)) for sequence in range(2, 10)]

    disk.release_syncs()
    outcomes = [thread.join().error for thread in [leader, *followers]]

    assert outcomes == [None] * 9
    assert disk.sync_count == 2
    assert flags(disk) == "dd"


def test_64_threads_are_released_only_once_their_record_is_synced() -> None:
    disk = FakeDisk()
    writer = open_writer(disk, segment_bytes_max=20_000)
    append_order = Lock()
    start = Barrier(64)
    next_sequence = iter(range(1, 64 * 50 + 1))
    early: list[int] = []

    def trade() -> None:
        start.wait()
        for _ in range(50):
            with append_order:
                sequence = next(next_sequence)
                writer.append(cancels(sequence, order_id=f"#{sequence}#"))
            writer.wait_durable(sequence)
            line = encode_record(cancels(sequence, order_id=f"#{sequence}#"))
            if not any(line in disk.synced(DIRECTORY / name) for name in disk.names(DIRECTORY)):
                early.append(sequence)

    threads = [in_thread(trade) for _ in range(64)]
    errors = [thread.join().error for thread in threads]
    writer.close()

    assert errors == [None] * 64
    assert early == []
    assert sequences(disk) == list(range(1, 64 * 50 + 1))
    assert len(disk.names(DIRECTORY)) > 1


def test_group_larger_than_a_frame_is_written_in_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "FRAME_BYTES_MAX", 300)
    disk = FakeDisk()
    writer = open_writer(disk)
    for sequence in range(1, 10):
        writer.append(cancels(sequence))

    writer.wait_durable(9)

    assert writer.durable_sequence == 9
    assert len(flags(disk)) > 2
    assert sequences(disk) == list(range(1, 10))


def test_waiting_for_what_was_never_appended_is_refused() -> None:
    with pytest.raises(JournalGap, match="nothing of sequence 1 was appended"):
        open_writer(FakeDisk()).wait_durable(1)


@pytest.mark.parametrize("sequence", [1, 3])
def test_record_that_does_not_follow_the_last_is_refused(sequence: int) -> None:
    disk = FakeDisk()
    writer = open_writer(disk)
    write(writer, cancels(1))

    with pytest.raises(JournalGap, match=f"expected a record of sequence 2, found 1 commands from sequence {sequence}"):
        writer.append(cancels(sequence))

    write(writer, cancels(2))
    assert sequences(disk) == [1, 2]


def test_writing_goes_on_where_the_journal_ended() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1, 2))

    writer = open_writer(disk, journal_id="not this one")
    write(writer, cancels(3))

    assert writer.journal_id == JOURNAL_ID
    assert sequences(disk) == [1, 3]
    assert disk.names(DIRECTORY) == [FIRST_SEGMENT.name]


def test_torn_tail_is_cut_off_before_writing() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1), cancels(2))
    disk.truncate(FIRST_SEGMENT, disk.size(FIRST_SEGMENT) - 1)

    write(open_writer(disk), cancels(2, order_id="another"))

    assert read_all(disk)[0] == [cancels(1), cancels(2, order_id="another")]


def test_torn_segment_header_is_removed_before_writing() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1), cancels(2), segment_bytes_max=1)
    disk.truncate(segment_path(DIRECTORY, 2), 20)

    write(open_writer(disk), cancels(2))

    assert disk.names(DIRECTORY) == [FIRST_SEGMENT.name]
    assert sequences(disk.crash()) == [1, 2]


def test_what_a_killed_process_left_unsynced_is_synced_before_it_counts() -> None:
    disk = FakeDisk()
    writer = open_writer(disk, sync=SyncMode.OFF)
    write(writer, cancels(1))
    assert sequences(disk.crash()) == []

    reopened = open_writer(disk)

    assert reopened.durable_sequence == 1
    assert sequences(disk.crash()) == [1]


def test_full_segment_is_followed_by_a_new_one_that_survives_a_crash() -> None:
    disk = FakeDisk()
    writer = open_writer(disk, segment_bytes_max=1)

    write(writer, cancels(1), cancels(2, 3))

    assert disk.names(DIRECTORY) == [FIRST_SEGMENT.name, segment_path(DIRECTORY, 2).name]
    assert sequences(disk.crash()) == [1, 2]


def test_rotation_syncs_what_no_fsync_has_covered_yet() -> None:
    disk = FakeDisk()
    writer = open_writer(disk, sync=SyncMode.OFF, segment_bytes_max=1)

    write(writer, cancels(1), cancels(2))

    assert sequences(disk.crash()) == [1]


def test_other_rules_begin_a_new_segment() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1))

    open_writer(disk, rules=2).close()
    open_writer(disk, rules=3).close()

    _, end = read_all(disk, rules=3)
    assert disk.names(DIRECTORY) == [FIRST_SEGMENT.name, segment_path(DIRECTORY, 2).name]
    assert end.header is not None
    assert end.header.rules_version == 3


def test_publisher_sleeps_until_there_is_more() -> None:
    disk = FakeDisk()
    writer = open_writer(disk)
    disk.hold_syncs()
    publisher = in_thread(lambda: writer.wait_beyond(0))
    writer.append(cancels(1, 3))
    leader = in_thread(lambda: writer.wait_durable(3))
    disk.wait_until_sync_is_held()
    assert publisher.is_running

    disk.release_syncs()

    assert publisher.join().result == 3
    assert leader.join().error is None
    assert writer.wait_beyond(2) == 3
    assert writer.wait_beyond(3, timeout=0) == 3


def test_close_commits_and_refuses_what_comes_later() -> None:
    disk = FakeDisk()
    writer = open_writer(disk, sync=SyncMode.OFF)
    publisher = in_thread(lambda: [writer.wait_beyond(0), writer.wait_beyond(1)])
    writer.append(cancels(1))

    writer.close()
    writer.close()

    assert publisher.join().result == [1, 1]
    assert sequences(disk.crash()) == [1]
    writer.wait_durable(1)
    with pytest.raises(JournalClosed):
        writer.append(cancels(2))


def test_close_waits_for_the_write_that_is_under_way() -> None:
    disk = FakeDisk()
    writer = open_writer(disk)
    disk.hold_syncs()
    writer.append(cancels(1))
    leader = in_thread(lambda: writer.wait_durable(1))
    disk.wait_until_sync_is_held()
    writer.append(cancels(2))

    closing = in_thread(writer.close)
    assert writer.wait_beyond(1, timeout=0) == 0
    disk.release_syncs()

    assert leader.join().error is None
    assert closing.join().error is None
    assert sequences(disk.crash()) == [1, 2]


def test_close_syncs_what_another_thread_writes_meanwhile() -> None:
    disk = FakeDisk()
    writer = open_writer(disk, sync=SyncMode.INTERVAL, sync_interval_ms=1)
    disk.hold_syncs()
    write(writer, cancels(1))
    disk.wait_until_sync_is_held()
    writer.append(cancels(2))

    # Closing waits for the thread whose sync is held back, and refuses appends before it does.
    closing = in_thread(writer.close)
    append_until_closed(writer)
    leader = in_thread(lambda: writer.wait_durable(writer.appended_sequence))
    assert leader.join().error is None
    disk.release_syncs()

    assert closing.join().error is None
    assert sequences(disk.crash()) == list(range(1, writer.appended_sequence + 1))


def test_interrupted_waiter_is_not_made_the_leader(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FakeDisk()
    writer = open_writer(disk)
    disk.hold_syncs()
    writer.append(cancels(1))
    leader = in_thread(lambda: writer.wait_durable(1))
    disk.wait_until_sync_is_held()
    writer.append(cancels(2))

    def interrupt(waiter: Waiter, timeout: float | None) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Waiter, "sleep", interrupt)
        with pytest.raises(KeyboardInterrupt):
            writer.wait_durable(2)

    disk.release_syncs()

    assert leader.join().error is None
    assert in_thread(lambda: writer.wait_durable(2)).join().error is None


def test_flags_tell_what_was_on_disk() -> None:
    disk = FakeDisk()
    writer = open_writer(disk, sync=SyncMode.INTERVAL)
    write(writer, cancels(1), cancels(2), cancels(3))
    writer.sync()
    write(writer, cancels(4), cancels(5))
    writer.close()
    write_journal(disk, cancels(6))

    assert flags(disk) == Flag.SYNCED + Flag.UNSYNCED + Flag.UNSYNCED + Flag.SYNCED + Flag.UNSYNCED + Flag.DURABLE


def test_interval_syncs_by_itself() -> None:
    disk = FakeDisk()
    writer = open_writer(disk, sync=SyncMode.INTERVAL, sync_interval_ms=1)

    write(writer, cancels(1))

    disk.wait_until_synced(FIRST_SEGMENT, encode_record(cancels(1)))
    writer.close()
