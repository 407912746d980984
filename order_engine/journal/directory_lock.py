"""The lock of a data directory: one process at a time may own the journal in it.

The lock is on the directory itself. The file ``lock`` holds the id of the holder's process. It is locked too, because
older versions of this program check only that file.
"""

import errno
import os
import stat
from pathlib import Path

from order_engine.journal.errors import JournalLocked
from order_engine.journal.held_file import HeldFile

LOCK_NAME = "lock"


class DirectoryLock:
    """Holds the lock of a directory until ``release``; raises ``JournalLocked`` if another process has it."""

    def __init__(self, directory: Path) -> None:
        path = directory / LOCK_NAME
        try:
            self._directory = HeldFile.of_directory(directory)
            try:
                self._note = HeldFile(_open_note(path))
            except BaseException:
                self._directory.release()
                raise
        except BlockingIOError:
            raise JournalLocked(directory, _read_holder(path)) from None
        os.ftruncate(self._note.descriptor, 0)
        os.pwrite(self._note.descriptor, b"%d\n" % os.getpid(), 0)

    def require_in_place(self) -> None:
        """Raise ``OSError`` if the directory was renamed or removed: another process may own its successor."""
        self._directory.require_in_place()

    def release(self) -> None:
        """Release the lock. In a forked child this does not release the parent's."""
        if self._note.is_held:
            os.ftruncate(self._note.descriptor, 0)
        self._note.release()
        self._directory.release()

    def __enter__(self) -> "DirectoryLock":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.release()


def _open_note(path: Path) -> int:
    """Open the file with the holder's process id. Refuse a link, because its target would be emptied."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR):
            raise _not_a_note(path) from error
        raise
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(descriptor)
        raise _not_a_note(path)
    return descriptor


def _not_a_note(path: Path) -> OSError:
    return OSError(
        errno.EINVAL, "expected a plain file that is nothing else's, found a link or something else", str(path)
    )


def _read_holder(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return "another process"
    try:
        text = os.read(descriptor, 32).strip()
    except OSError:
        text = b""
    finally:
        os.close(descriptor)
    return f"process {int(text)}" if text.isdigit() else "another process"
