"""A damaged snapshot file is not used, and only the newest few are kept."""

from pathlib import Path

import pytest

from order_engine.exchange.errors import SnapshotError
from order_engine.exchange.snapshots import (
    Snapshot,
    SnapshotFiles,
    make_snapshot,
)
from order_engine.exchange.state import ExchangeState
from tests.dumps import read_snapshot, state_in
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import JOURNAL_ID

DIRECTORY = Path("/snapshots")


def snapshot_at(sequence: int) -> Snapshot:
    state = ExchangeState()
    state.engine.sequence = sequence
    return make_snapshot(state, JOURNAL_ID, 1)


def test_snapshot_that_was_saved_reads_back() -> None:
    disk = FakeDisk()
    files = SnapshotFiles(DIRECTORY, disk)
    files.put(snapshot_at(7))

    read = read_snapshot(disk.content(files.path_of(7)))

    assert read == snapshot_at(7)
    assert state_in(read.content).sequence == 7


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
        files.check(files.path_of(1))
