"""The disk as the journal and the snapshots see it: a few operations, so that tests can inject faults.

Every operation raises ``OSError`` as the operating system does. Nothing is durable until it is synced.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

READ_BUFFER_BYTES = 1 << 18
PARTIAL_SUFFIX = ".partial"
SYNCED_BYTES = 1 << 20
PROBE_NAME = "probe"
PROBE_BYTES = 1 << 16
# Not every system has fdatasync. fsync is a safe substitute.
_sync_descriptor = getattr(os, "fdatasync", os.fsync)


class AppendFile(Protocol):
    """A file open for appending."""

    def write(self, content: bytes) -> None:
        """Append all of ``content``. After an error any part of it may have been written."""

    def sync(self) -> None:
        """Return once everything written is on disk."""

    def close(self) -> None:
        """Close the file without syncing it."""


class Disk(Protocol):
    """What the journal asks of a file system."""

    def names(self, directory: Path) -> list[str]:
        """Return the sorted names in a directory."""
        ...

    def size(self, path: Path) -> int:
        """Return the length of a file in bytes."""
        ...

    def open_read(self, path: Path) -> BinaryIO:
        """Open a file for buffered, seekable reading. It may grow meanwhile."""
        ...

    def open_append(self, path: Path) -> AppendFile:
        """Open an existing file for appending."""
        ...

    def create(self, path: Path, content: bytes) -> None:
        """Write a whole file durably and atomically: a crash leaves either the old file or the new one."""

    def truncate(self, path: Path, length: int) -> None:
        """Cut a file to ``length`` bytes, durably."""

    def rewrite(self, path: Path, offset: int) -> None:
        """Write the bytes from ``offset`` again, so that the next sync covers them even if an earlier one failed."""

    def rename(self, source: Path, target: Path) -> None:
        """Rename a file, replacing ``target``; durable once the directory is synced."""

    def remove(self, path: Path) -> None:
        """Remove a file; durable once the directory is synced."""

    def sync_directory(self, directory: Path) -> None:
        """Return once the names in a directory are on disk."""

    def make_directory(self, directory: Path) -> None:
        """Make a directory and its parents, durably, unless they exist."""


class LocalAppendFile:
    """A file of the operating system, open for appending."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        flags = os.O_WRONLY | os.O_APPEND | (os.O_CREAT | os.O_EXCL if create else 0)
        self._descriptor = os.open(path, flags, 0o600)

    def write(self, content: bytes) -> None:
        """Append all of ``content``, in several writes if the system takes less."""
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

    Operations of several steps call the single-step methods, so that a test can put a crash between the steps.
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
        """Open an existing file for appending."""
        return LocalAppendFile(path)

    def create(self, path: Path, content: bytes) -> None:
        """Write and sync a partial file, rename it to the target, sync the directory.

        A large file is synced piece by piece. Otherwise the journal, on the same disk, would wait for all of it.
        """
        partial = path.with_name(path.name + PARTIAL_SUFFIX)
        file = self.open_new(partial)
        try:
            for start in range(0, max(1, len(content)), SYNCED_BYTES):
                file.write(content[start : start + SYNCED_BYTES])
                file.sync()
        finally:
            file.close()
        self.rename(partial, path)
        self.sync_directory(path.parent)

    def open_new(self, path: Path) -> AppendFile:
        """Open a new, empty file for appending; remove one that a crash left."""
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
        """Make a directory and its parents, and sync their names."""
        if self.has_directory(directory):
            # A process that was killed may have made the directory without syncing its name.
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
        """Make a directory in an existing one, readable by its owner alone; durable once the parent is synced."""
        directory.mkdir(mode=0o700, exist_ok=True)


def require_room(disk: Disk, directory: Path) -> None:
    """Write and remove a small file, to find out at once whether the disk is full; raises ``OSError``."""
    probe = directory / PROBE_NAME
    try:
        disk.create(probe, bytes(PROBE_BYTES))
        disk.remove(probe)
    except OSError as error:
        with suppress(OSError):
            disk.remove(probe.with_name(PROBE_NAME + PARTIAL_SUFFIX))
        reason = f"no room for {PROBE_BYTES} bytes: {error.strerror or error}"
        raise OSError(error.errno, reason, str(directory)) from error
