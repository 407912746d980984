"""Snapshots are taken once they are wanted, reached and synced, one at a time; a failure is reported."""

import pytest

from order_engine.exchange.errors import SnapshotError
from order_engine.followers.progress import OK
from order_engine.followers.replica import Replica
from order_engine.followers.snapshot_taker import SnapshotTaker
from order_engine.journal.watermark import MemoryWatermark
from tests.unit.followers.fakes import FakeDumps, FakeJournal


@pytest.fixture
def dumps() -> FakeDumps:
    return FakeDumps()


@pytest.fixture
def taker(dumps: FakeDumps) -> SnapshotTaker:
    return SnapshotTaker(dumps.begin)


def replica_at(sequence: int) -> Replica:
    journal = FakeJournal()
    journal.append(sequence)
    replica = journal.replica(0)
    replica.read(sequence, sequence)
    return replica


def test_none_is_taken_unless_it_is_wanted(taker: SnapshotTaker, dumps: FakeDumps) -> None:
    assert not taker.step(replica_at(5), MemoryWatermark(5))
    assert (dumps.sequences, taker.is_idle) == ([], True)


def test_wanted_one_is_taken_once_the_replica_has_reached_it(taker: SnapshotTaker, dumps: FakeDumps) -> None:
    taker.want(4)
    assert not taker.step(replica_at(3), MemoryWatermark(9))
    assert not taker.is_idle

    assert taker.step(replica_at(5), MemoryWatermark(9))

    assert dumps.sequences == [5]
    assert taker.progress == (type(taker.progress))(0, 0, OK)
    assert not taker.step(replica_at(5), MemoryWatermark(9)), "it goes on"
    dumps.end()
    assert taker.step(replica_at(7), MemoryWatermark(9))
    assert taker.progress == (type(taker.progress))(5, 5, OK)
    assert taker.is_idle


def test_none_is_taken_of_what_is_not_on_disk(taker: SnapshotTaker, dumps: FakeDumps) -> None:
    replica, watermark = replica_at(5), MemoryWatermark(4)
    watermark.move(5, 4)
    taker.want(4)

    assert taker.holds(replica, watermark)
    assert not taker.step(replica, watermark)
    watermark.move(5, 5)

    assert not taker.holds(replica, watermark)
    assert taker.step(replica, watermark)


def test_one_wanted_while_another_is_taken_comes_after_it(taker: SnapshotTaker, dumps: FakeDumps) -> None:
    taker.want(1)
    taker.step(replica_at(1), MemoryWatermark(9))
    taker.want(3)
    taker.want(2)
    assert not taker.step(replica_at(2), MemoryWatermark(9))
    dumps.end()

    for sequence in (2, 2, 3):
        taker.step(replica_at(sequence), MemoryWatermark(9))

    assert dumps.sequences == [1, 3]


def test_same_one_is_not_taken_twice(taker: SnapshotTaker, dumps: FakeDumps) -> None:
    replica = replica_at(3)
    taker.want(3)
    taker.step(replica, MemoryWatermark(3))
    dumps.end()
    taker.step(replica, MemoryWatermark(3))

    taker.want(3)
    taker.step(replica, MemoryWatermark(3))

    assert (dumps.sequences, taker.is_idle, taker.progress.status) == ([3], True, OK)


@pytest.mark.parametrize("error", [OSError("no memory"), SnapshotError("there is no journal")])
def test_dump_that_cannot_begin_is_told_and_the_next_is_taken(
    taker: SnapshotTaker, dumps: FakeDumps, error: Exception
) -> None:
    dumps.error = error
    taker.want(3)
    assert taker.step(replica_at(3), MemoryWatermark(3))
    assert taker.progress == (type(taker.progress))(0, 3, f"{type(error).__name__}: {error}")
    assert taker.is_idle

    dumps.error = None
    taker.want(3)
    taker.step(replica_at(3), MemoryWatermark(3))
    dumps.end()
    taker.step(replica_at(3), MemoryWatermark(3))

    assert taker.progress == (type(taker.progress))(3, 3, OK)


def test_dump_that_fails_is_told(taker: SnapshotTaker, dumps: FakeDumps) -> None:
    taker.want(3)
    taker.step(replica_at(3), MemoryWatermark(3))
    dumps.end("OSError: no space left")

    taker.step(replica_at(3), MemoryWatermark(3))

    assert taker.progress == (type(taker.progress))(0, 3, "OSError: no space left")


def test_closing_abandons_what_goes_on(taker: SnapshotTaker, dumps: FakeDumps) -> None:
    taker.want(1)
    taker.step(replica_at(1), MemoryWatermark(1))

    taker.close()
    taker.close()

    assert dumps.begun[0].is_abandoned
