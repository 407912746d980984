"""The disk as the journal and the snapshots see it: a few operations, so that a test can put faults behind them.

Everything raises ``OSError`` as the operating system does. Nothing is durable until it has been synced.
"""

import os
from pathlib import Path
from typing import BinaryIO, Protocol

READ_BUFFER_BYTES = 1 << 18
# Not every system has fdatasync; fsync promises the same and more.
_sync_descriptor = getattr(os, "fdatasync", os.fsync)


class AppendFile(Protocol):
    """A file open for appending."""

    def write(self, content: bytes) -> None:
        """Append all of ``content``; after an error any part of it may have been written."""

    def sync(self) -> None:
        """Return once all that was written is on disk."""

    def close(self) -> None:
        """Release the file, without syncing it."""


class Disk(Protocol):
    """What the journal asks of a file system."""

    def names(self, directory: Path) -> list[str]:
        """Return the sorted names in a directory."""
        ...

    def size(self, path: Path) -> int:
        """Return the length of a file in bytes."""
        ...

    def open_read(self, path: Path) -> BinaryIO:
        """Open a file for buffered, seekable reading; it may grow meanwhile."""
        ...

    def open_append(self, path: Path) -> AppendFile:
        """Open a file that exists for appending."""
        ...

    def create(self, path: Path, content: bytes) -> None:
        """Put a whole file in place, durably: after a crash it is there whole, or what was there before is."""

    def truncate(self, path: Path, length: int) -> None:
        """Cut a file to ``length`` bytes, durably."""

    def rename(self, source: Path, target: Path) -> None:
        """Rename a file, replacing ``target``; durable once the directory is synced."""

    def remove(self, path: Path) -> None:
        """Remove a file; durable once the directory is synced."""

    def sync_directory(self, directory: Path) -> None:
        """Return once the names in a directory are on disk."""

    def make_directory(self, directory: Path) -> None:
        """Make a directory, and those above it, unless it is there."""


class LocalAppendFile:
    """A file of the operating system, open for appending."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        flags = os.O_WRONLY | os.O_APPEND | (os.O_CREAT | os.O_EXCL if create else 0)
        self._descriptor = os.open(path, flags, 0o640)

    def write(self, content: bytes) -> None:
        """Append all of ``content``, however little the system takes at a time."""
        written = os.write(self._descriptor, content)
        if written < len(content):
            rest = memoryview(content)[written:]
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def sync(self) -> None:
        """Return once all that was written is on disk."""
        _sync_descriptor(self._descriptor)

    def close(self) -> None:
        """Release the descriptor."""
        os.close(self._descriptor)


class LocalDisk:
    """The file system of this machine."""

    def names(self, directory: Path) -> list[str]:
        """Return the sorted names in a directory."""
        return sorted(os.listdir(directory))

    def size(self, path: Path) -> int:
        """Return the length of a file in bytes."""
        return path.stat().st_size

    def open_read(self, path: Path) -> BinaryIO:
        """Open a file for reading through a buffer."""
        return open(path, "rb", buffering=READ_BUFFER_BYTES)

    def open_append(self, path: Path) -> AppendFile:
        """Open a file that exists for appending."""
        return LocalAppendFile(path)

    def create(self, path: Path, content: bytes) -> None:
        """Write beside the target, sync, rename over it, sync the directory."""
        partial = path.with_name(path.name + ".partial")
        partial.unlink(missing_ok=True)
        file = LocalAppendFile(partial, create=True)
        try:
            file.write(content)
            file.sync()
        finally:
            file.close()
        self.rename(partial, path)
        self.sync_directory(path.parent)

    def truncate(self, path: Path, length: int) -> None:
        """Cut a file to ``length`` bytes and sync it."""
        descriptor = os.open(path, os.O_WRONLY)
        try:
            os.ftruncate(descriptor, length)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Rename a file, replacing ``target``."""
        os.replace(source, target)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        os.unlink(path)

    def sync_directory(self, directory: Path) -> None:
        """Return once the names in a directory are on disk."""
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def make_directory(self, directory: Path) -> None:
        """Make a directory, and those above it, and sync the names of the new ones."""
        if directory.is_dir():
            return
        self.make_directory(directory.parent)
        directory.mkdir(exist_ok=True)
        self.sync_directory(directory.parent)
