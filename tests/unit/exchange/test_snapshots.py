"""Snapshot files are whole or not used, and only the newest few are kept; the snapshotter takes them in time."""

import errno
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from order_engine.exchange.snapshotter import Snapshotter

from order_engine.exchange.errors import SnapshotError
from order_engine.exchange.snapshots import (
    Snapshot,
    SnapshotCopy,
    SnapshotFiles,
    make_snapshot,
    read_snapshot,
)
from order_engine.exchange.state import ExchangeState
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import JOURNAL_ID, wait_until

DIRECTORY = Path("/snapshots")


def snapshot_at(sequence: int) -> Snapshot:
    state = ExchangeState()
    state.engine.sequence = sequence
    return make_snapshot(state, JOURNAL_ID, 1)


def test_snapshot_that_was_saved_reads_back() -> None:
    disk = FakeDisk()
    files = SnapshotFiles(DIRECTORY, disk)
    files.put(snapshot_at(7))

    read = read_snapshot(files.read(files.path_of(7)))

    assert read == snapshot_at(7)
    assert read.state().sequence == 7


def test_every_single_changed_byte_is_found() -> None:
    content = snapshot_at(7).content

    for at in range(len(content)):
        changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        with pytest.raises(SnapshotError):
            read_snapshot(changed)


def test_every_cut_is_found() -> None:
    content = snapshot_at(7).content

    for length in range(len(content)):
        with pytest.raises(SnapshotError):
            read_snapshot(content[:length])


def test_only_the_newest_are_kept() -> None:
    disk = FakeDisk()
    files = SnapshotFiles(DIRECTORY, disk, kept=2)
    for sequence in (5, 1, 30, 200):
        files.put(snapshot_at(sequence))
    files.remove_old(200)

    assert files.paths_newest_first() == [files.path_of(200), files.path_of(30)]
    assert files.paths_newest_first(199) == [files.path_of(30)]
    assert files.paths_newest_first(29) == []


def test_older_snapshots_stay_when_the_new_one_cannot_be_written() -> None:
    disk = FakeDisk()
    files = SnapshotFiles(DIRECTORY, disk, kept=1)
    files.put(snapshot_at(1))
    disk.fail("create", OSError("full"))

    with pytest.raises(OSError, match="full"):
        files.put(snapshot_at(2))

    assert files.paths_newest_first() == [files.path_of(1)]


def test_other_files_are_left_alone() -> None:
    disk = FakeDisk()
    disk.put(DIRECTORY / "notes.txt", b"")
    disk.put(DIRECTORY / f"{9:020d}.snapshot.partial", b"")
    files = SnapshotFiles(DIRECTORY, disk, kept=1)
    files.put(snapshot_at(1))
    files.put(snapshot_at(2))
    files.remove_old(2)

    assert disk.names(DIRECTORY) == [f"{2:020d}.snapshot", f"{9:020d}.snapshot.partial", "notes.txt"]


def test_file_that_is_gone_says_so() -> None:
    files = SnapshotFiles(DIRECTORY, FakeDisk())

    with pytest.raises(SnapshotError, match=r"00001\.snapshot"):
        files.read(files.path_of(1))


class FakeExchange:
    """Is durable up to where a test says."""

    def __init__(self, durable_sequence: int = 0) -> None:
        self.durable_sequence = durable_sequence

    def sync(self) -> int:
        return self.durable_sequence


class FakeCopies:
    """Takes copies, or fails to."""

    def __init__(self, error: SnapshotError | None = None) -> None:
        self.saved: list[int] = []
        self.error = error

    def save(self, snapshot: Snapshot) -> None:
        if self.error is not None:
            raise self.error
        self.saved.append(snapshot.header.sequence)

    def newest_first(self, journal_id: str, sequence_max: int | None) -> list[SnapshotCopy]:
        return []


def snapshotter(
    exchange: FakeExchange,
    advance: Callable[[int], Snapshot] = snapshot_at,
    copies: FakeCopies | None = None,
    interval: float = 0,
) -> Snapshotter:
    return Snapshotter(exchange, advance, copies or FakeCopies(), interval)


def test_snapshot_is_taken_of_the_durable_sequence_and_copied() -> None:
    copies = FakeCopies()

    taken = snapshotter(FakeExchange(9), copies=copies).take()

    assert taken.header.sequence == 9
    assert copies.saved == [9]


def test_nothing_to_take_is_said() -> None:
    with pytest.raises(SnapshotError, match="nothing has happened yet"):
        snapshotter(FakeExchange(0)).take()


def test_snapshot_is_not_taken_twice_of_one_sequence() -> None:
    exchange, taken = FakeExchange(9), []

    def advance(sequence: int) -> Snapshot:
        taken.append(sequence)
        return snapshot_at(sequence)

    taker = snapshotter(exchange, advance)
    taker.take()
    taker.take()
    exchange.durable_sequence = 10
    taker.take()

    assert taken == [9, 10]


def test_copy_that_fails_is_trouble_until_one_succeeds() -> None:
    exchange, copies = FakeExchange(1), FakeCopies(SnapshotError("the database is away"))
    taker = snapshotter(exchange, copies=copies)

    assert taker.take().header.sequence == 1
    assert str(taker.trouble) == "the database is away"

    exchange.durable_sequence, copies.error = 2, None
    taker.take()
    assert taker.trouble is None


@pytest.mark.parametrize("failure", [SnapshotError("no memory"), OSError(errno.ENOMEM, "no memory")])
def test_timer_goes_on_after_a_failure(failure: Exception) -> None:
    attempts: list[int] = []
    healthy = Event()

    def advance(sequence: int) -> Snapshot:
        attempts.append(sequence)
        if not healthy.is_set():
            raise failure
        return snapshot_at(sequence)

    taker = snapshotter(FakeExchange(3), advance, interval=0.001)
    taker.start()

    wait_until(lambda: len(attempts) > 1)
    assert "no memory" in str(taker.trouble)
    healthy.set()
    wait_until(lambda: taker.trouble is None)
    taker.stop()


def test_timer_that_is_off_takes_none_and_stops() -> None:
    taker = snapshotter(FakeExchange(3), interval=0)
    taker.start()
    taker.stop()
