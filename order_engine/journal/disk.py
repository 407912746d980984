"""The disk as the journal and the snapshots see it: a few operations, so that a test can put faults behind them.

Everything raises ``OSError`` as the operating system does. Nothing is durable until it has been synced.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

READ_BUFFER_BYTES = 1 << 18
PARTIAL_SUFFIX = ".partial"
PROBE_NAME = "probe"
PROBE_BYTES = 1 << 16
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

    def rewrite(self, path: Path, offset: int) -> None:
        """Write again what a file has from ``offset`` on, so that a sync saves it even if one has failed before."""

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
        self._descriptor = os.open(path, flags, 0o600)

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
    """The file system of this machine.

    What takes several steps is written over the single ones, so that a test can put a crash between them.
    """

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
        partial = path.with_name(path.name + PARTIAL_SUFFIX)
        file = self.open_new(partial)
        try:
            file.write(content)
            file.sync()
        finally:
            file.close()
        self.rename(partial, path)
        self.sync_directory(path.parent)

    def open_new(self, path: Path) -> AppendFile:
        """Open a new, empty file for appending, in place of one that a crash may have left."""
        path.unlink(missing_ok=True)
        return LocalAppendFile(path, create=True)

    def truncate(self, path: Path, length: int) -> None:
        """Cut a file to ``length`` bytes and sync it."""
        descriptor = os.open(path, os.O_WRONLY)
        try:
            os.ftruncate(descriptor, length)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rewrite(self, path: Path, offset: int) -> None:
        """Write the same bytes in place, piece by piece."""
        descriptor = os.open(path, os.O_RDWR)
        try:
            while piece := os.pread(descriptor, READ_BUFFER_BYTES, offset):
                offset += os.pwrite(descriptor, piece, offset)
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
        """Make a directory, and those above it; all their names are on disk then."""
        if self.has_directory(directory):
            # A process that was killed may have made it, and not have synced its name.
            with suppress(PermissionError):
                self.sync_directory(directory.parent)
            return
        self.make_directory(directory.parent)
        self.add_directory(directory)
        self.sync_directory(directory.parent)

    def has_directory(self, directory: Path) -> bool:
        """Tell whether a directory is there."""
        return directory.is_dir()

    def add_directory(self, directory: Path) -> None:
        """Make a directory, for its owner alone, in one that is there; durable once that is synced."""
        directory.mkdir(mode=0o700, exist_ok=True)


def require_room(disk: Disk, directory: Path) -> None:
    """Write and remove a small file, so that a disk that is full is found at once; raises ``OSError`` naming it."""
    probe = directory / PROBE_NAME
    try:
        disk.create(probe, bytes(PROBE_BYTES))
        disk.remove(probe)
    except OSError as error:
        with suppress(OSError):
            disk.remove(probe.with_name(PROBE_NAME + PARTIAL_SUFFIX))
        reason = f"no room for {PROBE_BYTES} bytes: {error.strerror or error}"
        raise OSError(error.errno, reason, str(directory)) from error
