"""``DATA_DIR/keys.json``: the stored keys, private to the server's user, and replaced as a whole.

Once the file is there, the exchange has keys, even if all of them are revoked.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from order_engine.journal.disk import LocalDisk
from order_engine.journal.record import UNDECODABLE
from order_engine.security.stored_keys import FORMAT, StoredKeys

KEY_FILE_NAME = "keys.json"
LOCK_NAME = "keys.lock"


class KeyFileDamaged(Exception):
    """The file cannot be read as what it should be; the message shows nothing of what is in it."""


class KeyFile:
    """The file in a data directory."""

    def __init__(self, data_directory: Path) -> None:
        self._directory = data_directory
        self.path = data_directory / KEY_FILE_NAME

    def version(self) -> tuple[int, int, int] | None:
        """Return what differs after each change; None if there is no file."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return None
        return (found.st_ino, found.st_mtime_ns, found.st_size)

    def read(self) -> StoredKeys | None:
        """Return the keys, or None if there is no file; raises ``KeyFileDamaged`` or ``OSError``."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            keys = msgspec.json.decode(content, type=StoredKeys)
        except UNDECODABLE:
            # Its text may quote the file.
            raise KeyFileDamaged(f"{self.path}: expected the keys as the command keys writes them") from None
        if keys.format != FORMAT:
            raise KeyFileDamaged(f"{self.path}: expected format {FORMAT}, found {keys.format}")
        return keys

    def write(self, keys: StoredKeys) -> None:
        """Replace the file. A crash leaves the old keys or the new ones."""
        LocalDisk().create(self.path, msgspec.json.format(msgspec.json.encode(keys), indent=1) + b"\n")

    @contextmanager
    def changing(self) -> Iterator[StoredKeys]:
        """Keep other programs from changing the keys until the end of the block; yield them as they are."""
        LocalDisk().make_directory(self._directory)
        descriptor = os.open(self._directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield self.read() or StoredKeys()
        finally:
            os.close(descriptor)
