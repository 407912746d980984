"""The directory lock: one owner, named to whoever else tries, gone when the owner is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from order_engine.journal.directory_lock import DirectoryLock
from order_engine.journal.errors import JournalLocked

HOLD_UNTIL_STDIN_CLOSES = """
import sys
from pathlib import Path
from order_engine.journal.directory_lock import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""
HOLD_WITH_A_CHILD = """
import os, sys
from pathlib import Path
from order_engine.journal.directory_lock import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
if os.fork() == 0:
    print("child lives", flush=True)
sys.stdin.read()
"""


def is_free(directory: Path) -> bool:
    """Try to have the directory, for a moment."""
    try:
        DirectoryLock(directory).release()
    except JournalLocked:
        return False
    return True


def test_second_owner_is_told_who_holds_the_directory(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path), pytest.raises(JournalLocked) as refused:
        DirectoryLock(tmp_path)

    assert str(refused.value).startswith(f"{tmp_path} is in use by process {os.getpid()}. Exactly one process")
    assert "--workers 1" in str(refused.value)


def test_released_directory_can_be_had_again(tmp_path: Path) -> None:
    DirectoryLock(tmp_path).release()

    with DirectoryLock(tmp_path):
        assert not is_free(tmp_path)
    assert is_free(tmp_path)


def test_killed_process_leaves_the_directory_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD_UNTIL_STDIN_CLOSES, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(JournalLocked, match=f"process {holder.pid}"):
            DirectoryLock(tmp_path)
        holder.kill()

    assert is_free(tmp_path)


def test_forked_child_does_not_hold_the_lock(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path) as lock:
        child = os.fork()
        if child == 0:
            lock.release()
            os._exit(0)

        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert not is_free(tmp_path)


def test_forked_child_does_not_keep_the_lock_of_a_parent_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD_WITH_A_CHILD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"child lives\n"
        with pytest.raises(JournalLocked):
            DirectoryLock(tmp_path)

        holder.kill()
        holder.wait()

        assert is_free(tmp_path)
