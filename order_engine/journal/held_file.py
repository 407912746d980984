"""A file or directory that is locked with ``flock``: it has one holder at a time.

The lock ends with its process, even after kill -9. A process started with ``subprocess`` does not inherit it. A forked
child closes its copy of the descriptor at once.
"""

import errno
import fcntl
import os
import weakref
from pathlib import Path


class HeldFile:
    """Holds an open file until ``release``. If it has another holder, closes it and raises ``BlockingIOError``."""

    def __init__(self, descriptor: int, path: Path | None = None) -> None:
        self._descriptor: int | None = descriptor
        self._path = "" if path is None else str(path.absolute())
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._close()
            raise
        _let_go_in_children(weakref.ref(self))

    @staticmethod
    def of_directory(directory: Path) -> "HeldFile":
        """Hold a directory itself. Removing files in it does not break the lock; renaming it keeps the lock."""
        held = HeldFile(os.open(directory, os.O_RDONLY | os.O_DIRECTORY), directory)
        held.require_in_place()
        return held

    @property
    def is_held(self) -> bool:
        """Whether this process still holds the lock."""
        return self._descriptor is not None

    @property
    def descriptor(self) -> int:
        """The open file."""
        assert self._descriptor is not None
        return self._descriptor

    def require_in_place(self) -> None:
        """Raise ``OSError`` if the held file was renamed or removed, so that its path may lead to another one."""
        held, found = os.fstat(self.descriptor), os.stat(self._path)
        if (held.st_dev, held.st_ino) != (found.st_dev, found.st_ino):
            raise OSError(errno.ESTALE, "was renamed while it was in use, and another is in its place", self._path)

    def release(self) -> None:
        """Release the lock. In a forked child this does not release the parent's."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            # In a child this does not release the lock: the parent still has the file open.
            os.close(self._descriptor)
            self._descriptor = None


def _let_go_in_children(reference: "weakref.ref[HeldFile]") -> None:
    def let_go() -> None:
        held = reference()
        if held is not None:
            held._close()

    os.register_at_fork(after_in_child=let_go)
