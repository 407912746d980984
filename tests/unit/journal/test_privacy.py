"""Only its owner can read a data directory, files of an older version included."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from order_engine.journal.disk import LocalDisk
from order_engine.journal.privacy import make_private


@pytest.fixture(autouse=True)
def _generous_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def rights(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def test_files_and_directories_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    disk, directory = LocalDisk(), tmp_path / "outer" / "inner"

    disk.make_directory(directory)
    disk.create(directory / "whole", b"content")
    disk.open_new(directory / "growing").close()

    assert [rights(path) for path in (directory.parent, directory)] == ["0o700"] * 2
    assert [rights(directory / name) for name in ("whole", "growing")] == ["0o600"] * 2


def test_older_installation_is_closed_and_the_log_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    room = tmp_path / "journal" / "deep"
    room.mkdir(parents=True)
    files = [tmp_path / "exchange.db", tmp_path / "journal" / "segment", room / "segment"]
    for path in files:
        path.touch(0o666)
    tmp_path.chmod(0o755)

    with caplog.at_level(logging.WARNING):
        make_private(tmp_path, ["journal", "absent"])

    assert {rights(path) for path in files} == {"0o600"}
    assert {rights(path) for path in (tmp_path, tmp_path / "journal", room)} == {"0o700"}
    assert [record.message for record in caplog.records] == [
        f"{tmp_path}: took the rights of other users from 6 files and directories"
    ]


def test_installation_that_is_closed_is_left_alone_in_silence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "lock").touch(0o400)

    make_private(tmp_path, [])

    assert rights(tmp_path / "lock") == "0o400"
    assert caplog.records == []


def test_links_and_foreign_directories_are_left_alone(tmp_path: Path) -> None:
    directory, elsewhere = tmp_path / "directory", tmp_path / "elsewhere"
    (directory / "foreign").mkdir(parents=True)
    elsewhere.mkdir()
    for path in (elsewhere / "file", directory / "foreign" / "file"):
        path.touch(0o644)
    (directory / "file").symlink_to(elsewhere / "file")
    (directory / "journal").symlink_to(elsewhere)

    make_private(directory, ["journal"])

    assert [rights(path) for path in (elsewhere / "file", directory / "foreign" / "file")] == ["0o644"] * 2
    assert rights(elsewhere) == "0o777"


def test_directory_that_is_shared_on_purpose_stays_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)

    make_private(tmp_path, [])

    assert rights(tmp_path) == "0o777"


def test_directory_that_is_found_through_a_link_is_closed(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "directory")

    make_private(tmp_path / "link", [])

    assert rights(tmp_path / "directory") == "0o700"
