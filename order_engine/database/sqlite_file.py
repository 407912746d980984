"""The file of a SQLite database: tells whether it was replaced, and replaces it."""

import os
from pathlib import Path

Identity = tuple[int, int]


class SqliteFile:
    """Tells whether another file has the path. ``identity`` is that of the file last seen, or None."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.identity: Identity | None = None

    def present_identity(self) -> Identity | None:
        """Return device and inode of the file at the path, or None if there is no file."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def make_private(self) -> None:
        """Create the file, for its owner alone, unless it exists. SQLite gives its other files the same rights."""
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))

    def remove_leftovers(self) -> None:
        """Remove the write-ahead log of a file that is gone, because SQLite would apply it to the new file."""
        if self.present_identity() is None:
            _remove_write_ahead_log(self.path)


def replace_file(new: Path, path: Path) -> None:
    """Replace a database with a closed one, durably.

    Remove the old file first and its write-ahead log next, so that no file ever lies beside another file's log.
    """
    descriptor = os.open(new, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    path.unlink(missing_ok=True)
    _remove_write_ahead_log(path)
    os.replace(new, path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _remove_write_ahead_log(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
