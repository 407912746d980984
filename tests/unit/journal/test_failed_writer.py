"""When the disk, or the thread that writes, fails: nothing is accepted any more, and everybody is told."""

import os
from pathlib import Path

import pytest

from order_engine.journal.disk import LocalDisk
from order_engine.journal.errors import JournalDamaged, JournalFailed
from order_engine.journal.record import encode_record
from order_engine.journal.segment_appender import SegmentAppender
from order_engine.journal.waiters import Waiter
from order_engine.journal.writer import SyncMode
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


@pytest.mark.parametrize("operation", ["write", "sync"])
def test_failure_of_the_disk_stops_the_journal_for_good(operation: str) -> None:
    disk = FakeDisk()
    failures: list[JournalFailed] = []
    writer = open_writer(disk, on_failure=failures.append)
    write(writer, cancels(1))
    disk.fail(operation, OSError(28, "No space left on device"))
    writer.append(cancels(2))

    with pytest.raises(JournalFailed, match=r"00001.journal: .* has stopped: OSError: .*No space left on device"):
        writer.wait_durable(2)
    disk.mend()

    syncs = disk.sync_count
    for attempt in (
        lambda: writer.wait_durable(2),
        lambda: writer.append(cancels(3)),
        writer.sync,
        writer.close,
    ):
        with pytest.raises(JournalFailed):
            attempt()
    writer.wait_durable(1)
    assert disk.sync_count == syncs
    assert writer.durable_sequence == 1
    assert failures == [writer.failure]
    assert sequences(disk.crash()) == [1]


def test_failed_sync_is_not_tried_again_by_another_thread() -> None:
    disk = FakeDisk()
    appender = SegmentAppender(
        DIRECTORY,
        disk,
        end=read_all(disk)[1],
        journal_id=JOURNAL_ID,
        rules_version=1,
        segment_bytes_max=1,
        clock=lambda: 0,
    )
    appender.append(encode_record(cancels(1)) + b"\n", 1, synced_next=False)
    disk.fail("sync", OSError(5, "Input/output error"))
    with pytest.raises(OSError, match="Input/output error"):
        appender.sync()
    disk.mend()

    for attempt in (appender.sync, appender.rotate):
        with pytest.raises(OSError, match="Input/output error"):
            attempt()

    assert disk.sync_count == 0


def test_failure_of_a_rotation_stops_the_journal() -> None:
    disk = FakeDisk()
    writer = open_writer(disk, segment_bytes_max=1)
    write(writer, cancels(1))
    disk.fail("create", OSError(28, "No space left on device"))
    writer.append(cancels(2))

    with pytest.raises(JournalFailed, match=r"00002\.journal"):
        writer.wait_durable(2)

    assert writer.durable_sequence == 1


def test_failure_releases_everybody_who_waits() -> None:
    disk = FakeDisk()
    writer = open_writer(disk)
    disk.hold_syncs()
    writer.append(cancels(1))
    waiting = [in_thread(lambda: writer.wait_durable(1))]
    disk.wait_until_sync_is_held()
    writer.append(cancels(2))
    waiting += [in_thread(lambda: writer.wait_durable(2)) for _ in range(5)]
    publisher = in_thread(lambda: writer.wait_beyond(0))

    disk.fail("sync", OSError(5, "Input/output error"))
    disk.release_syncs()

    assert [type(thread.join().error) for thread in waiting] == [JournalFailed] * 6
    assert publisher.join().result == 0


def test_failure_part_way_through_a_write_leaves_a_torn_tail() -> None:
    disk = FakeDisk()
    writer = open_writer(disk)
    write(writer, cancels(1))
    disk.fail("write", OSError(28, "No space left on device"), after_bytes=40)
    writer.append(cancels(2))
    with pytest.raises(JournalFailed):
        writer.wait_durable(2)

    records, end = read_all(disk)

    assert records == [cancels(1)]
    assert end.torn is not None
    assert end.torn.length == 40


def test_failure_of_an_interval_sync_stops_the_journal() -> None:
    disk = FakeDisk()
    failed: list[JournalFailed] = []
    writer = open_writer(disk, sync=SyncMode.INTERVAL, sync_interval_ms=1, on_failure=failed.append)
    publisher = in_thread(lambda: writer.wait_beyond(1))
    disk.fail("sync", OSError(5, "Input/output error"))

    write(writer, cancels(1))

    assert publisher.join().result == 1
    with pytest.raises(JournalFailed, match="Input/output error"):
        writer.append(cancels(2))
    with pytest.raises(JournalFailed):
        writer.close()


def test_interrupted_waiter_leaves_the_journal_working(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FakeDisk()
    writer = open_writer(disk)
    disk.hold_syncs()
    writer.append(cancels(1))
    leader = in_thread(lambda: writer.wait_durable(1))
    disk.wait_until_sync_is_held()
    writer.append(cancels(2))

    def interrupt_once_given_the_lead(waiter: Waiter, timeout: float | None) -> bool:
        disk.release_syncs()
        waiter.gate.acquire()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Waiter, "sleep", interrupt_once_given_the_lead)
        with pytest.raises(KeyboardInterrupt):
            writer.wait_durable(2)

    assert in_thread(lambda: writer.wait_durable(2)).join().error is None
    assert leader.join().error is None
    assert sequences(disk.crash()) == [1, 2]


def test_forked_child_cannot_write_its_parents_journal(tmp_path: Path) -> None:
    disk = LocalDisk()
    writer = open_writer(disk, tmp_path)
    writer.append(cancels(1))

    child = os.fork()
    if child == 0:
        try:
            writer.wait_durable(1)
        except JournalFailed:
            os._exit(7)
        os._exit(0)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    writer.close()
    assert sequences(disk, tmp_path) == [1]


def test_journal_that_cannot_be_opened_says_so() -> None:
    disk = FakeDisk()
    disk.fail("create", OSError(13, "Permission denied"))

    with pytest.raises(JournalFailed, match=r"/journal: .*Permission denied"):
        open_writer(disk)


def test_damage_stops_the_start_before_anything_is_changed() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1))
    content = disk.content(FIRST_SEGMENT)
    disk.put(FIRST_SEGMENT, content[:-5] + b"!" + content[-4:])

    with pytest.raises(JournalDamaged):
        open_writer(disk)

    assert disk.content(FIRST_SEGMENT) == content[:-5] + b"!" + content[-4:]
