"""The local disk: whole writes, whole files, and a journal on it."""

import errno
import os
from pathlib import Path

import pytest

from order_engine.journal.disk import SYNCED_BYTES, AppendFile, LocalAppendFile, LocalDisk, require_room
from tests.unit.journal.journal_fixtures import cancels, open_committer, read_all, write, write_journal


def test_journal_on_the_local_disk_reads_back(tmp_path: Path) -> None:
    written = [cancels(1), cancels(2, 3), cancels(5)]
    write_journal(LocalDisk(), *written, directory=tmp_path, segment_bytes_max=1)

    records, end = read_all(LocalDisk(), tmp_path)

    assert records == written
    assert (end.last_sequence, end.torn) == (5, None)


def test_torn_tail_on_the_local_disk_is_cut_off(tmp_path: Path) -> None:
    disk = LocalDisk()
    write_journal(disk, cancels(1), cancels(2), directory=tmp_path)
    [name] = disk.names(tmp_path)
    disk.truncate(tmp_path / name, disk.size(tmp_path / name) - 3)

    committer = open_committer(disk, tmp_path)
    write(committer, cancels(2, order_id="another"))
    committer.close()

    assert read_all(disk, tmp_path)[0] == [cancels(1), cancels(2, order_id="another")]


def test_write_goes_on_until_everything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_write = os.write
    disk = LocalDisk()
    disk.create(tmp_path / "file", b"begun, ")
    monkeypatch.setattr(os, "write", lambda descriptor, content: whole_write(descriptor, bytes(content[:3])))

    file = disk.open_append(tmp_path / "file")
    file.write(b"and written three bytes at a time")
    file.close()

    assert (tmp_path / "file").read_bytes() == b"begun, and written three bytes at a time"


def test_created_file_replaces_the_old_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    disk = LocalDisk()
    (tmp_path / "file.partial").write_bytes(b"left by a crash")

    disk.create(tmp_path / "file", b"old")
    disk.create(tmp_path / "file", b"new")

    assert (tmp_path / "file").read_bytes() == b"new"
    assert disk.names(tmp_path) == ["file"]


def test_large_file_is_synced_piece_by_piece(tmp_path: Path) -> None:
    # Otherwise every write to the journal would wait for the disk.
    unsynced: list[int] = [0]

    class CountingFile(LocalAppendFile):
        def write(self, content: bytes) -> None:
            super().write(content)
            unsynced.append(unsynced[-1] + len(content))

        def sync(self) -> None:
            super().sync()
            unsynced.append(0)

    class CountingDisk(LocalDisk):
        def open_new(self, path: Path) -> AppendFile:
            return CountingFile(path, create=True)

    content = bytes(range(256)) * 10_000

    CountingDisk().create(tmp_path / "large", content)

    assert (tmp_path / "large").read_bytes() == content
    assert max(unsynced) == SYNCED_BYTES
    assert unsynced[-1] == 0


def test_directories_are_made_with_those_above(tmp_path: Path) -> None:
    LocalDisk().make_directory(tmp_path / "a" / "b")
    LocalDisk().make_directory(tmp_path / "a" / "b")

    assert (tmp_path / "a" / "b").is_dir()


def test_removed_and_renamed_files_are_gone(tmp_path: Path) -> None:
    disk = LocalDisk()
    disk.create(tmp_path / "one", b"1")
    disk.create(tmp_path / "two", b"2")

    disk.remove(tmp_path / "one")
    disk.rename(tmp_path / "two", tmp_path / "three")

    assert disk.names(tmp_path) == ["three"]


def test_appending_to_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LocalDisk().open_append(tmp_path / "missing")


def test_bytes_that_are_written_again_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("order_engine.journal.disk.READ_BUFFER_BYTES", 7)
    disk, path = LocalDisk(), tmp_path / "file"
    content = bytes(range(100))
    disk.create(path, content)

    for offset in (0, 50, 99, 100, 101):
        disk.rewrite(path, offset)

    assert path.read_bytes() == content


def test_disk_that_is_full_is_told_by_a_probe_that_leaves_nothing(tmp_path: Path) -> None:
    class FullDisk(LocalDisk):
        def open_new(self, path: Path) -> AppendFile:
            return FullFile(path, create=True)

    class FullFile(LocalAppendFile):
        def write(self, content: bytes) -> None:
            super().write(content[:100])
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="no room for 65536 bytes: No space left on device") as raised:
        require_room(FullDisk(), tmp_path)

    assert raised.value.filename == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_disk_with_room_is_left_as_it_was(tmp_path: Path) -> None:
    require_room(LocalDisk(), tmp_path)

    assert list(tmp_path.iterdir()) == []
