"""The lock of a data directory: one process at a time may own the journal in it.

The lock is the operating system's, on an open file, so it ends with the process however that ends. A forked child
shares its parent's open file; it lets go of it at once, and does not hold the lock.
"""

import fcntl
import os
import weakref
from pathlib import Path

from order_engine.journal.errors import JournalLocked

LOCK_NAME = "lock"


class DirectoryLock:
    """Holds the lock of a directory from creation to ``release``; raises ``JournalLocked`` if another has it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._descriptor: int | None = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o640)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            self._close()
            raise JournalLocked(directory, f"process {holder}" if holder else "another process") from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, b"%d\n" % os.getpid(), 0)
        _let_go_in_children(weakref.ref(self))

    def release(self) -> None:
        """Let another process have the directory."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self._close()

    def __enter__(self) -> "DirectoryLock":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.release()

    def _close(self) -> None:
        if self._descriptor is not None:
            # In a child this does not end the lock: the parent still has the open file, and unlocks or dies by itself.
            os.close(self._descriptor)
            self._descriptor = None


def _let_go_in_children(reference: "weakref.ref[DirectoryLock]") -> None:
    def let_go() -> None:
        lock = reference()
        if lock is not None:
            lock._close()

    os.register_at_fork(after_in_child=let_go)
