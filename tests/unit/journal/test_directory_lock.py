"""The directory lock: it has one owner, names it to others, and ends with it."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
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
    """Try to lock the directory, for a moment."""
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


def test_lock_holds_though_its_file_was_removed(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path):
        (tmp_path / "lock").unlink()

        with pytest.raises(JournalLocked, match="is in use by another process"):
            DirectoryLock(tmp_path)
        assert not (tmp_path / "lock").exists()


def test_lock_holds_though_its_file_was_replaced(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path):
        (tmp_path / "lock").unlink()
        (tmp_path / "lock").write_text("12345\n")

        assert not is_free(tmp_path)


def test_older_version_that_holds_the_file_alone_is_respected(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        assert not is_free(tmp_path)
    assert is_free(tmp_path)


def test_lock_goes_with_a_directory_that_is_renamed(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    with DirectoryLock(before) as lock:
        lock.require_in_place()
        before.rename(after)
        with pytest.raises(OSError, match="No such file"):
            lock.require_in_place()

        assert not is_free(after)


def test_owner_of_a_directory_notices_that_another_is_in_its_place(tmp_path: Path) -> None:
    directory = tmp_path / "directory"
    directory.mkdir()
    with DirectoryLock(directory) as lock:
        directory.rename(tmp_path / "moved")
        shutil.copytree(tmp_path / "moved", directory)
        with DirectoryLock(directory):
            pass

        with pytest.raises(OSError, match="another is in its place"):
            lock.require_in_place()


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_lock_file_that_leads_elsewhere_is_refused_and_its_target_stays_as_it_is(
    tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    directory = tmp_path / "directory"
    directory.mkdir()
    link(target, directory / "lock")

    with pytest.raises(OSError, match="expected a plain file"):
        DirectoryLock(directory)

    assert target.read_text() == "precious"
    (directory / "lock").unlink()
    assert is_free(directory)


def test_lock_file_that_is_a_pipe_does_not_hang_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")

    with pytest.raises(OSError, match="expected a plain file"):
        DirectoryLock(tmp_path)


def test_lock_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_process_that_is_started_does_not_get_the_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('lives', flush=True); sys.stdin.read()"]
    lock = DirectoryLock(tmp_path)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"lives\n"

        lock.release()

        assert is_free(tmp_path)
