"""No two servers acknowledge orders of one journal, even if the lock is removed; and no other user reads its data."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.service.server_process import buy, running, sell

pytestmark = pytest.mark.slow


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data-directory"


@pytest.fixture
def _generous_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_second_server_is_refused_though_the_lock_file_was_removed(directory: Path) -> None:
    with running(directory) as first:
        client = first.wait_ready().client()
        (directory / "lock").unlink()

        with running(directory) as second:
            assert second.wait_ended() != 0
            assert f"{directory} is in use by another process" in second.log

        assert client.place(buy())["status"] == "OPEN"


def test_server_whose_directory_was_replaced_acknowledges_nothing_more(directory: Path, tmp_path: Path) -> None:
    with running(directory) as first:
        client = first.wait_ready().client()
        client.place(buy())
        directory.rename(tmp_path / "moved")
        shutil.copytree(tmp_path / "moved", directory)

        with running(directory) as second:
            placed = second.wait_ready().client().place(buy())
            answered = client.ask("POST", "/orders", buy())

            assert placed["sequence"] == 3
            assert (answered.status, answered.content["code"]) == (503, "outcome_unknown")
            assert "another is in its place" in first.log


def test_killed_server_leaves_the_directory_free_though_its_followers_live_for_a_moment(directory: Path) -> None:
    with running(directory) as server:
        server.wait_ready().client().place(buy())
        server.kill()
    with running(directory) as server:
        assert server.wait_ready().client().place(sell())["status"] == "FILLED"


def others_may(path: Path) -> bool:
    return bool(path.lstat().st_mode & 0o077)


@pytest.mark.usefixtures("_generous_umask")
def test_nothing_that_a_server_makes_can_be_read_by_others(directory: Path) -> None:
    with running(directory, JOURNAL_SEGMENT_BYTES="1024") as server:
        client = server.wait_ready().client()
        for _ in range(20):
            client.place(buy())
        assert client.ask("POST", "/admin/snapshot").status == 201
        server.wait_until(lambda: client.get("/health")["status"] == "ok")
        made = [directory, *directory.rglob("*")]

        assert [path for path in made if others_may(path)] == []
        names = {path.name for path in made}
        assert {"lock", "watermark", "exchange.db", "exchange.db-wal", "journal", "snapshots", "audit"} <= names


def test_what_an_older_version_left_open_is_closed_at_the_start(directory: Path) -> None:
    with running(directory) as server:
        server.wait_ready().client().place(buy())
        assert server.terminate() == 0
    for path in [directory, *directory.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)

    with running(directory) as server:
        server.wait_ready()

        assert [path for path in [directory, *directory.rglob("*")] if others_may(path)] == []
        assert "took the rights of other users from " in server.log
