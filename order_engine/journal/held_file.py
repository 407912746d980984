"""A file or directory that one holder at a time may have: the operating system's lock on what is open.

The lock ends with its process, however that ends, and what is started with ``subprocess`` does not get it. A forked
child shares its parent's open file; it lets go of it at once.
"""

import errno
import fcntl
import os
import weakref
from pathlib import Path


class HeldFile:
    """Holds an open file until ``release``; raises ``BlockingIOError``, and closes it, if another holder has it."""

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
        """Hold a directory itself: nothing in it can be removed to get around that, and a rename takes it along."""
        held = HeldFile(os.open(directory, os.O_RDONLY | os.O_DIRECTORY), directory)
        held.require_in_place()
        return held

    @property
    def is_held(self) -> bool:
        """Whether this process still holds it."""
        return self._descriptor is not None

    @property
    def descriptor(self) -> int:
        """The open file."""
        assert self._descriptor is not None
        return self._descriptor

    def require_in_place(self) -> None:
        """Raise ``OSError`` if what is held was renamed or removed, so that its name may lead to another."""
        held, found = os.fstat(self.descriptor), os.stat(self._path)
        if (held.st_dev, held.st_ino) != (found.st_dev, found.st_ino):
            raise OSError(errno.ESTALE, "was renamed while it was in use, and another is in its place", self._path)

    def release(self) -> None:
        """Let another holder have it. In a forked child this changes nothing for the parent."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            # In a child this does not end the lock: the parent still has the open file.
            os.close(self._descriptor)
            self._descriptor = None


def _let_go_in_children(reference: "weakref.ref[HeldFile]") -> None:
    def let_go() -> None:
        held = reference()
        if held is not None:
            held._close()

    os.register_at_fork(after_in_child=let_go)
