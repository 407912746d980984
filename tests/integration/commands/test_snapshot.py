"""``snapshot``: at the journal's end without a server, at a durable sequence beside one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.commands.conftest import LAST_SEQUENCE, Run
from tests.integration.service.server_process import ServerProcess, buy, running


def snapshot_path(directory: Path, sequence: int) -> Path:
    return directory / "snapshots" / f"{sequence:020d}.snapshot"


@pytest.fixture
def without_snapshots(directory: Path) -> Path:
    shutil.rmtree(directory / "snapshots")
    return directory


@pytest.fixture
def server(directory: Path) -> Iterator[ServerProcess]:
    with running(directory, SNAPSHOT_INTERVAL_SEC="0") as found:
        yield found.wait_ready()


def test_snapshot_is_taken_at_the_journals_end(run: Run, without_snapshots: Path) -> None:
    """A snapshot without --sequence always failed: "only read here"."""
    finished = run("snapshot", DATA_DIR=str(without_snapshots))

    assert (finished.code, finished.err) == (0, "")
    assert finished.out == f"{snapshot_path(without_snapshots, LAST_SEQUENCE)}\n"
    assert run("verify", DATA_DIR=str(without_snapshots)).code == 0


def test_torn_tail_does_not_keep_a_snapshot_from_being_taken(run: Run, without_snapshots: Path) -> None:
    (segment,) = (without_snapshots / "journal").glob("*.journal")
    with segment.open("ab") as file:
        file.write(b"F1 d 0000")

    finished = run("snapshot", DATA_DIR=str(without_snapshots))

    assert finished.out == f"{snapshot_path(without_snapshots, LAST_SEQUENCE)}\n", finished.err
    with running(without_snapshots, SNAPSHOT_INTERVAL_SEC="0") as server:
        assert server.wait_ready().client().place(buy())["sequence"] == LAST_SEQUENCE + 1


def test_snapshot_is_taken_at_a_sequence(run: Run, without_snapshots: Path) -> None:
    finished = run("snapshot", "--sequence", "7", DATA_DIR=str(without_snapshots))

    assert (finished.code, finished.out) == (0, f"{snapshot_path(without_snapshots, 7)}\n")
    assert run("verify", DATA_DIR=str(without_snapshots)).code == 0


def test_sequence_beyond_the_journal_is_refused(run: Run, directory: Path) -> None:
    finished = run("snapshot", "--sequence", "999", DATA_DIR=str(directory))

    assert (finished.code, finished.out) == (2, "")
    assert f"ends at {LAST_SEQUENCE}, before 999" in finished.err


def test_journal_of_a_running_server_is_left_to_it(run: Run, directory: Path, server: ServerProcess) -> None:
    before = sorted((directory / "snapshots").iterdir())

    finished = run("snapshot", DATA_DIR=str(directory))

    assert (finished.code, finished.out) == (2, "")
    assert "is in use by process" in finished.err
    assert len(finished.err.splitlines()) == 1
    assert sorted((directory / "snapshots").iterdir()) == before
    assert server.status_of("/readyz") == 200


def test_snapshot_beside_a_running_server_is_taken_at_a_sequence(
    run: Run, directory: Path, server: ServerProcess
) -> None:
    sequence = server.client().place(buy())["sequence"]

    finished = run("snapshot", "--sequence", str(sequence), DATA_DIR=str(directory))

    assert finished.out == f"{snapshot_path(directory, sequence)}\n", finished.err


def test_directory_without_a_journal_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()

    finished = run("snapshot", DATA_DIR=str(tmp_path))

    assert (finished.code, finished.out) == (2, "")
    assert "there is no journal to take a snapshot of" in finished.err
