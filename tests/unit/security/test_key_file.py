"""The file of the stored keys, and the watch over it: no accident opens an exchange that has keys."""

import os
import stat
from pathlib import Path
from threading import Thread

import pytest

from order_engine.security import stored_keys
from order_engine.security.key_file import KEY_FILE_NAME, KeyFile, KeyFileDamaged
from order_engine.security.key_register import KeyRegister
from order_engine.security.key_watch import KeyWatch
from order_engine.security.stored_keys import Scope, StoredKeys


def keys_of(*users: str) -> StoredKeys:
    keys = StoredKeys()
    for user in users:
        keys = stored_keys.create(keys, user, [Scope.TRADE], "2026-11-22T03:00:00Z", signs=True).keys
    return keys


def test_written_keys_are_read_again_and_private(tmp_path: Path) -> None:
    file = KeyFile(tmp_path)
    keys = keys_of("alice", "bob")
    file.write(keys)

    assert file.read() == keys
    assert stat.S_IMODE(os.stat(file.path).st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE_NAME]


def test_without_a_file_there_are_no_keys(tmp_path: Path) -> None:
    assert KeyFile(tmp_path).read() is None
    assert KeyFile(tmp_path).version() is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"format": 2}',
        b'{"format": 1, "more": 1}',
        b'{"format": 1, "keys": [{"id": "secret"}]}',
        b"\xff",
    ],
)
def test_damaged_file_is_refused_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE_NAME).write_bytes(content)

    with pytest.raises(KeyFileDamaged) as raised:
        KeyFile(tmp_path).read()

    assert "secret" not in str(raised.value)


def test_changes_by_several_programs_at_once_are_all_kept(tmp_path: Path) -> None:
    def create(user: str) -> None:
        KeyRegister(tmp_path, lambda: 0).create(user, [Scope.TRADE], signs=False)

    threads = [Thread(target=create, args=(f"user{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {key.user for key in KeyRegister(tmp_path, lambda: 0).listed()} == {f"user{number}" for number in range(8)}


def test_watch_takes_each_change_once(tmp_path: Path) -> None:
    taken: list[StoredKeys] = []
    watch, file = KeyWatch(KeyFile(tmp_path), taken.append), KeyFile(tmp_path)
    watch.load()
    watch.step()
    file.write(keys_of("alice"))
    watch.step()
    watch.step()
    file.write(keys_of("alice", "bob"))
    watch.step()

    assert [len(keys.keys) for keys in taken] == [1, 2]
    assert watch.fault is None


@pytest.mark.parametrize("harm", ["damage", "remove"])
def test_file_that_is_lost_changes_nothing_and_is_a_fault(tmp_path: Path, harm: str) -> None:
    taken: list[StoredKeys] = []
    file = KeyFile(tmp_path)
    file.write(keys_of("alice"))
    watch = KeyWatch(file, taken.append)
    watch.load()
    if harm == "damage":
        file.path.write_bytes(b"{")
    else:
        file.path.unlink()
    watch.step()

    assert len(taken) == 1
    assert watch.fault is not None
    assert "stay what they were" in watch.fault
    file.write(keys_of("bob"))
    watch.step()
    assert watch.fault is None
    assert len(taken) == 2
