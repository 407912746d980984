"""A disk in memory that can lose unsynced bytes, hold syncs back, and fail."""

from collections.abc import Collection
from pathlib import Path
from threading import Condition
from typing import BinaryIO

from tests.fakes.growing_file import open_growing

SECTOR_BYTES = 512
PATIENCE_SECONDS = 30.0


class _StoredFile:
    """The bytes that were written, and how many are synced."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = bytearray(content)
        self.synced_bytes = len(content)

    def after_crash(self, unsynced_bytes_kept: int, lost_sectors: Collection[int]) -> "_StoredFile":
        """Return the file as the next start finds it."""
        kept = self.content[: self.synced_bytes + unsynced_bytes_kept]
        for sector in lost_sectors:
            begin = max(sector * SECTOR_BYTES, self.synced_bytes)
            end = min((sector + 1) * SECTOR_BYTES, len(kept))
            kept[begin:end] = bytes(max(end - begin, 0))
        return _StoredFile(bytes(kept))


class FakeDisk:
    """An implementation of ``Disk`` for tests. Names become durable with ``sync_directory``, bytes with ``sync``."""

    def __init__(self) -> None:
        self._files: dict[Path, _StoredFile] = {}
        self._durable_names: dict[Path, _StoredFile] = {}
        self._faults: dict[str, tuple[OSError, int]] = {}
        self._changed = Condition()
        self._holds_syncs = False
        self._held = 0
        self.sync_count = 0

    # Faults.

    def hold_syncs(self) -> None:
        """Let every sync of a file block from now on."""
        with self._changed:
            self._holds_syncs = True

    def release_syncs(self) -> None:
        """Release the blocked syncs, and block no more."""
        with self._changed:
            self._holds_syncs = False
            self._changed.notify_all()

    def wait_until_sync_is_held(self) -> None:
        """Return once a sync is blocked."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._held > 0, PATIENCE_SECONDS)

    def wait_until_synced(self, path: Path, content: bytes) -> None:
        """Return once the synced bytes of a file contain this."""
        with self._changed:
            assert self._changed.wait_for(lambda: content in self.synced(path), PATIENCE_SECONDS)

    def fail(self, operation: str, error: OSError, *, after_bytes: int = 0) -> None:
        """Let the next ``write`` (having taken some bytes), ``sync`` or ``create`` fail, and all after it."""
        self._faults[operation] = (error, after_bytes)

    def repair(self) -> None:
        """Stop failing."""
        self._faults.clear()

    def crash(self, *, unsynced_bytes_kept: int = 0, lost_sectors: Collection[int] = ()) -> "FakeDisk":
        """Return the disk as the next start finds it; a part of the unsynced bytes survives."""
        survivor = FakeDisk()
        for path, file in self._durable_names.items():
            survivor.put(path, bytes(file.after_crash(unsynced_bytes_kept, lost_sectors).content))
        return survivor

    def put(self, path: Path, content: bytes) -> None:
        """Put a synced file under a durable name."""
        self._files[path] = self._durable_names[path] = _StoredFile(content)

    def content(self, path: Path) -> bytes:
        """Return all that was written to a file."""
        return bytes(self._files[path].content)

    def synced(self, path: Path) -> bytes:
        """Return the synced bytes of a file."""
        file = self._files[path]
        return bytes(file.content[: file.synced_bytes])

    # Disk.

    def names(self, directory: Path) -> list[str]:
        return sorted(path.name for path in list(self._files) if path.parent == directory)

    def size(self, path: Path) -> int:
        return len(self._find(path).content)

    def open_read(self, path: Path) -> BinaryIO:
        file = self._find(path)
        return open_growing(lambda: file.content)

    def open_append(self, path: Path) -> "FakeAppendFile":
        return FakeAppendFile(self, self._find(path))

    def create(self, path: Path, content: bytes) -> None:
        self.raise_fault("create")
        self.put(path, content)

    def truncate(self, path: Path, length: int) -> None:
        file = self._find(path)
        del file.content[length:]
        file.synced_bytes = len(file.content)

    def rewrite(self, path: Path, offset: int) -> None:
        self._find(path)

    def rename(self, source: Path, target: Path) -> None:
        self._files[target] = self._files.pop(source)

    def remove(self, path: Path) -> None:
        self._find(path)
        del self._files[path]

    def sync_directory(self, directory: Path) -> None:
        gone = [path for path in self._durable_names if path.parent == directory]
        for path in gone:
            del self._durable_names[path]
        self._durable_names |= {path: file for path, file in self._files.items() if path.parent == directory}

    def make_directory(self, directory: Path) -> None:
        pass

    # For the files.

    def raise_fault(self, operation: str) -> None:
        if operation in self._faults:
            raise self._faults[operation][0]

    def write(self, file: _StoredFile, content: bytes) -> None:
        if "write" in self._faults:
            error, after_bytes = self._faults["write"]
            file.content += content[:after_bytes]
            raise error
        file.content += content

    def sync(self, file: _StoredFile) -> None:
        with self._changed:
            mark = len(file.content)
            self._held += 1
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: not self._holds_syncs, PATIENCE_SECONDS)
            self._held -= 1
            self.raise_fault("sync")
            file.synced_bytes = max(file.synced_bytes, mark)
            self.sync_count += 1
            self._changed.notify_all()

    def _find(self, path: Path) -> _StoredFile:
        if path not in self._files:
            raise FileNotFoundError(f"no such file: {path}")
        return self._files[path]


class FakeAppendFile:
    """A file of a ``FakeDisk``, open for appending."""

    def __init__(self, disk: FakeDisk, file: _StoredFile) -> None:
        self._disk = disk
        self._file: _StoredFile | None = file

    def write(self, content: bytes) -> None:
        assert self._file is not None, "written after it was closed"
        self._disk.write(self._file, content)

    def sync(self) -> None:
        assert self._file is not None, "synced after it was closed"
        self._disk.sync(self._file)

    def close(self) -> None:
        self._file = None
