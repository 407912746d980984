"""After the disk or the committer's thread fails, nothing is accepted, and every waiting thread gets the error."""

import os
from pathlib import Path

import pytest

from order_engine.journal.committer import SyncMode
from order_engine.journal.disk import LocalDisk
from order_engine.journal.errors import JournalDamaged, JournalFailed
from order_engine.journal.record import encode_record
from order_engine.journal.segment_appender import SegmentAppender
from order_engine.journal.watermark import MemoryWatermark
from tests.fakes.fake_disk import FakeDisk
from tests.unit.journal.journal_fixtures import (
    DIRECTORY,
    FIRST_SEGMENT,
    JOURNAL_ID,
    PATIENCE_SECONDS,
    cancels,
    committer_in_a_held_sync,
    in_thread,
    open_committer,
    read_all,
    sequences,
    write,
    write_journal,
)


@pytest.mark.parametrize("is_started", [False, True])
@pytest.mark.parametrize("operation", ["write", "sync"])
def test_failure_of_the_disk_stops_the_journal_for_good(operation: str, is_started: bool) -> None:
    disk, watermark, told = FakeDisk(), MemoryWatermark(), []
    failures: list[JournalFailed] = []
    committer = open_committer(
        disk,
        watermark=watermark,
        on_failure=failures.append,
        on_commit=lambda: told.append((watermark.visible, committer.failure is None)),
    )
    write(committer, cancels(1))
    disk.fail(operation, OSError(28, "No space left on device"))
    committer.append(cancels(2))
    if is_started:
        committer.start()
    else:
        assert not committer.commit()

    with pytest.raises(JournalFailed, match=r"00001.journal: .* has stopped: OSError: .*No space left on device"):
        committer.wait_visible(2, PATIENCE_SECONDS)
    disk.repair()

    syncs = disk.sync_count
    for attempt in (
        lambda: committer.wait_visible(2),
        lambda: committer.append(cancels(3)),
        committer.sync,
        committer.close,
    ):
        with pytest.raises(JournalFailed):
            attempt()
    assert not committer.commit()
    assert committer.wait_visible(1)
    assert disk.sync_count == syncs
    assert (watermark.visible, watermark.synced) == (1, 1)
    assert failures == [committer.failure]
    assert told[:2] == [(1, True), (1, False)]
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
    disk.repair()

    for attempt in (appender.sync, appender.rotate):
        with pytest.raises(OSError, match="Input/output error"):
            attempt()

    assert disk.sync_count == 0
    assert appender.synced_sequence == 0


def test_failure_of_a_rotation_stops_the_journal() -> None:
    disk = FakeDisk()
    committer = open_committer(disk, segment_bytes_max=1)
    write(committer, cancels(1))
    disk.fail("create", OSError(28, "No space left on device"))
    write(committer, cancels(2))

    with pytest.raises(JournalFailed, match=r"00002\.journal"):
        committer.wait_visible(2)

    assert committer.visible_sequence == 1


def test_failure_releases_everybody_who_waits() -> None:
    disk = FakeDisk()
    committer = committer_in_a_held_sync(disk)
    committer.append(cancels(2))
    waiting = [in_thread(lambda sequence=1 + n % 3: committer.wait_visible(sequence)) for n in range(6)]

    disk.fail("sync", OSError(5, "Input/output error"))
    disk.release_syncs()

    assert [type(thread.join().error) for thread in waiting] == [JournalFailed] * 6


def test_failure_part_way_through_a_write_leaves_a_torn_tail() -> None:
    disk = FakeDisk()
    committer = open_committer(disk)
    write(committer, cancels(1))
    disk.fail("write", OSError(28, "No space left on device"), after_bytes=40)
    write(committer, cancels(2))

    records, end = read_all(disk)

    assert committer.failure is not None
    assert records == [cancels(1)]
    assert end.torn is not None
    assert end.torn.length == 40


def test_failure_of_an_interval_sync_stops_the_journal_but_not_what_is_visible() -> None:
    disk = FakeDisk()
    failed: list[JournalFailed] = []
    committer = open_committer(disk, sync=SyncMode.INTERVAL, sync_interval_ms=1, on_failure=failed.append)
    disk.fail("sync", OSError(5, "Input/output error"))
    committer.start()

    committer.append(cancels(1))

    assert committer.wait_visible(1, PATIENCE_SECONDS)
    with pytest.raises(JournalFailed, match="Input/output error"):
        committer.wait_visible(2, PATIENCE_SECONDS)
    with pytest.raises(JournalFailed, match="Input/output error"):
        committer.append(cancels(2))
    with pytest.raises(JournalFailed):
        committer.close()
    assert failed == [committer.failure]


def test_interrupt_in_the_middle_of_a_write_is_raised_and_stops_the_journal() -> None:
    disk = FakeDisk()
    committer = open_committer(disk)
    disk.fail("write", KeyboardInterrupt())  # type: ignore[arg-type]  # stands for a signal
    committer.append(cancels(1))

    with pytest.raises(KeyboardInterrupt):
        committer.commit()

    with pytest.raises(JournalFailed, match="KeyboardInterrupt"):
        committer.wait_visible(1)


@pytest.mark.parametrize("attempt", ["commit", "sync", "close", "wait"])
def test_forked_child_cannot_write_its_parents_journal(tmp_path: Path, attempt: str) -> None:
    disk = LocalDisk()
    committer = open_committer(disk, tmp_path)
    committer.append(cancels(1))
    attempts = {
        "commit": committer.commit,
        "sync": committer.sync,
        "close": committer.close,
        "wait": lambda: committer.wait_visible(1),
    }

    child = os.fork()
    if child == 0:
        try:
            attempts[attempt]()
        except JournalFailed:
            os._exit(7)
        os._exit(0)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    committer.close()
    assert sequences(disk, tmp_path) == [1]


def test_journal_that_cannot_be_opened_says_so() -> None:
    disk = FakeDisk()
    disk.fail("create", OSError(13, "Permission denied"))

    with pytest.raises(JournalFailed, match=r"/journal: .*Permission denied"):
        open_committer(disk)


def test_damage_stops_the_start_before_anything_is_changed() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1))
    content = disk.content(FIRST_SEGMENT)
    disk.put(FIRST_SEGMENT, content[:-5] + b"!" + content[-4:])

    with pytest.raises(JournalDamaged):
        open_committer(disk)

    assert disk.content(FIRST_SEGMENT) == content[:-5] + b"!" + content[-4:]
