"""Committing: visible means on disk (or what the mode says), in order, for every waiting thread."""

from threading import Barrier, Lock

import pytest

from order_engine.journal import committer as committer_module
from order_engine.journal.committer import SyncMode
from order_engine.journal.errors import JournalClosed, JournalGap
from order_engine.journal.record import Record, encode_record
from order_engine.journal.watermark import MemoryWatermark
from tests.fakes.fake_disk import FakeDisk
from tests.unit.journal.journal_fixtures import (
    DIRECTORY,
    FIRST_SEGMENT,
    PATIENCE_SECONDS,
    cancels,
    committer_in_a_held_sync,
    frame_flags,
    in_thread,
    marks,
    open_committer,
    sequences,
    write,
)


def test_nothing_is_visible_while_the_sync_is_held_back() -> None:
    disk = FakeDisk()
    committer = open_committer(disk)
    committer.start()
    disk.hold_syncs()
    committer.append(cancels(1))

    waiting = in_thread(lambda: committer.wait_visible(1))
    disk.wait_until_sync_is_held()

    assert encode_record(cancels(1)) in disk.content(FIRST_SEGMENT)
    assert marks(committer) == (1, 0, 0)
    assert not committer.wait_visible(1, timeout=0)
    assert waiting.is_running

    disk.release_syncs()
    assert waiting.join().result is True
    assert marks(committer) == (1, 1, 1)
    assert encode_record(cancels(1)) in disk.synced(FIRST_SEGMENT)
    committer.close()


def test_append_does_no_io() -> None:
    disk = FakeDisk()
    committer = open_committer(disk)
    before = disk.content(FIRST_SEGMENT)

    committer.append(cancels(1))

    assert disk.content(FIRST_SEGMENT) == before
    assert marks(committer) == (1, 0, 0)


def test_append_goes_through_while_a_sync_is_held_back() -> None:
    disk = FakeDisk()
    committer = committer_in_a_held_sync(disk)

    assert in_thread(lambda: committer.append(cancels(2))).join().error is None

    disk.release_syncs()
    committer.close()


def test_commit_without_a_thread_moves_the_watermark_and_says_whether_there_was_anything() -> None:
    watermark = MemoryWatermark()
    committer = open_committer(FakeDisk(), watermark=watermark)

    assert not committer.commit()
    committer.append(cancels(1, 3))
    assert committer.commit()

    assert (watermark.visible, watermark.synced) == (3, 3)
    assert not committer.commit()


def test_all_that_comes_during_a_sync_is_one_frame_and_one_sync() -> None:
    disk = FakeDisk()
    committer = committer_in_a_held_sync(disk)
    for sequence in range(2, 10):
        committer.append(cancels(sequence))
    waiting = [in_thread(lambda sequence=sequence: committer.wait_visible(sequence)) for sequence in range(1, 10)]

    disk.release_syncs()

    assert [thread.join().result for thread in waiting] == [True] * 9
    assert disk.sync_count == 2
    assert frame_flags(disk) == "dd"
    committer.close()


@pytest.mark.parametrize("mode", list(SyncMode))
def test_64_threads_are_released_only_once_their_record_is_where_the_mode_says(mode: SyncMode) -> None:
    disk = FakeDisk()
    committer = open_committer(disk, sync=mode, segment_bytes_max=20_000, sync_interval_ms=1)
    committer.start()
    append_order = Lock()
    start = Barrier(64)
    next_sequence = iter(range(1, 64 * 50 + 1))
    early: list[int] = []
    bytes_of = disk.synced if mode is SyncMode.ALWAYS else disk.content

    def trade() -> None:
        start.wait()
        for _ in range(50):
            with append_order:
                sequence = next(next_sequence)
                committer.append(cancels(sequence, order_id=f"#{sequence}#"))
            assert committer.wait_visible(sequence, PATIENCE_SECONDS)
            line = encode_record(cancels(sequence, order_id=f"#{sequence}#"))
            if not any(line in bytes_of(DIRECTORY / name) for name in disk.names(DIRECTORY)):
                early.append(sequence)

    threads = [in_thread(trade) for _ in range(64)]
    errors = [thread.join().error for thread in threads]
    committer.close()

    assert errors == [None] * 64
    assert early == []
    assert marks(committer) == (3_200, 3_200, 3_200)
    assert sequences(disk.crash()) == list(range(1, 3_201))
    assert len(disk.names(DIRECTORY)) > 1


def test_committing_inline_beside_the_thread_loses_and_doubles_nothing() -> None:
    disk = FakeDisk()
    committer = open_committer(disk)
    committer.start()

    def commit_inline() -> None:
        while committer.visible_sequence < 500:
            committer.commit()

    inline = [in_thread(commit_inline) for _ in range(2)]
    for sequence in range(1, 501):
        committer.append(cancels(sequence))

    assert [thread.join().error for thread in inline] == [None, None]
    committer.close()
    assert sequences(disk) == list(range(1, 501))


def test_group_larger_than_a_frame_is_written_in_several_by_one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer_module, "FRAME_BYTES_MAX", 300)
    disk = FakeDisk()
    committer = open_committer(disk)
    for sequence in range(1, 10):
        committer.append(cancels(sequence))
    committer.append(cancels(10, order_id="x" * 1_000))

    assert committer.commit()

    assert committer.visible_sequence == 10
    assert len(frame_flags(disk)) > 3
    assert sequences(disk) == list(range(1, 11))


def test_frame_holds_at_most_8_mib() -> None:
    disk = FakeDisk()
    committer = open_committer(disk, segment_bytes_max=64 << 20)
    for sequence in range(1, 10):
        committer.append(cancels(sequence, order_id="x" * (1 << 20)))

    committer.commit()

    assert frame_flags(disk) == "dd"
    assert sequences(disk) == list(range(1, 10))


def test_watermark_moves_and_the_listener_is_told_once_for_each_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer_module, "FRAME_BYTES_MAX", 1)
    seen: list[int] = []
    watermark = MemoryWatermark()
    committer = open_committer(FakeDisk(), watermark=watermark, on_commit=lambda: seen.append(watermark.visible))
    for sequence in range(1, 4):
        committer.append(cancels(sequence))

    committer.commit()

    assert seen == [1, 2, 3]


def test_listener_that_fails_does_not_stop_the_journal(caplog: pytest.LogCaptureFixture) -> None:
    def listen() -> None:
        raise RuntimeError("the loop is closed")

    committer = open_committer(FakeDisk(), on_commit=listen)
    committer.start()
    for sequence in range(1, 4):
        committer.append(cancels(sequence))
        assert committer.wait_visible(sequence, PATIENCE_SECONDS)
    committer.close()

    assert "the loop is closed" in caplog.text


def test_waiting_for_what_is_appended_later_is_allowed() -> None:
    committer = open_committer(FakeDisk())
    committer.start()
    waiting = in_thread(lambda: committer.wait_visible(2))

    committer.append(cancels(1))
    committer.append(cancels(2))

    assert waiting.join().result is True
    committer.close()


def test_waiter_that_gave_up_is_forgotten() -> None:
    committer = open_committer(FakeDisk())

    assert not committer.wait_visible(1, timeout=0.001)

    assert committer._waiters == []


@pytest.mark.parametrize("record", [cancels(1), cancels(3), Record(sequence=2, timestamp_ns=0, commands=())])
def test_record_that_does_not_follow_the_last_is_refused(record: Record) -> None:
    disk = FakeDisk()
    committer = open_committer(disk)
    write(committer, cancels(1))

    with pytest.raises(JournalGap, match=r"expected a record of sequence 2, found \d commands from sequence \d"):
        committer.append(record)

    write(committer, cancels(2))
    assert sequences(disk) == [1, 2]


@pytest.mark.parametrize("is_started", [False, True])
def test_close_commits_syncs_and_refuses_what_comes_later(is_started: bool) -> None:
    disk, told = FakeDisk(), []
    committer = open_committer(disk, sync=SyncMode.OFF, on_commit=lambda: told.append(marks(committer)))
    if is_started:
        committer.start()
    committer.append(cancels(1))

    committer.close()
    committer.close()

    assert told[-1] == (1, 1, 1)
    assert sequences(disk.crash()) == [1]
    assert committer.wait_visible(1)
    for attempt in (lambda: committer.append(cancels(2)), lambda: committer.wait_visible(2)):
        with pytest.raises(JournalClosed):
            attempt()
    assert not committer.commit()


def test_close_releases_who_waits_for_more() -> None:
    committer = open_committer(FakeDisk())
    committer.start()
    waiting = in_thread(lambda: committer.wait_visible(1))
    while not committer._waiters and waiting.is_running:
        pass

    committer.close()

    assert isinstance(waiting.join().error, JournalClosed)


def test_close_waits_for_the_write_that_is_under_way() -> None:
    disk = FakeDisk()
    committer = committer_in_a_held_sync(disk)
    committer.append(cancels(2))

    closing = in_thread(committer.close)
    assert closing.is_running
    disk.release_syncs()

    assert closing.join().error is None
    assert sequences(disk.crash()) == [1, 2]
