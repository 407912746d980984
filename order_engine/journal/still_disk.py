"""A read-only view of a disk that does not change, to read a live journal.

It keeps the names and lengths of its first look, so later appends do not show.
"""

from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import BinaryIO, NoReturn

from order_engine.journal.disk import READ_BUFFER_BYTES, AppendFile, Disk


class StillDisk:
    """Shows ``disk`` as it was when each name was first read. A file that only grows then looks unchanged."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._names: dict[Path, list[str]] = {}
        self._sizes: dict[Path, int] = {}

    def names(self, directory: Path) -> list[str]:
        """Return the sorted names in a directory at the first look."""
        if directory not in self._names:
            self._names[directory] = self._disk.names(directory)
        return self._names[directory]

    def size(self, path: Path) -> int:
        """Return the length of a file at the first look, in bytes."""
        if path not in self._sizes:
            self._sizes[path] = self._disk.size(path)
        return self._sizes[path]

    def open_read(self, path: Path) -> BinaryIO:
        """Open a file for reading, up to its length at the first look."""
        length = self.size(path)
        return BufferedReader(_Beginning(self._disk.open_read(path), length), READ_BUFFER_BYTES)

    def open_append(self, path: Path) -> AppendFile:
        """Refuse."""
        _refuse(path)

    def create(self, path: Path, content: bytes) -> None:  # noqa: ARG002 -- nothing is created
        """Refuse."""
        _refuse(path)

    def truncate(self, path: Path, length: int) -> None:  # noqa: ARG002 -- nothing is cut
        """Refuse."""
        _refuse(path)

    def rewrite(self, path: Path, offset: int) -> None:  # noqa: ARG002 -- nothing is written
        """Refuse."""
        _refuse(path)

    def rename(self, source: Path, target: Path) -> None:  # noqa: ARG002 -- nothing is renamed
        """Refuse."""
        _refuse(source)

    def remove(self, path: Path) -> None:
        """Refuse."""
        _refuse(path)

    def sync_directory(self, directory: Path) -> None:
        """Refuse."""
        _refuse(directory)

    def make_directory(self, directory: Path) -> None:
        """Do nothing."""


class _Beginning(RawIOBase):
    """The first ``length`` bytes of a stream."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        super().__init__()
        self._stream = stream
        self._length = length
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        start = {0: 0, 1: self._position, 2: self._length}[whence]
        self._position = self._stream.seek(start + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the typed buffer is wider
        wanted = min(len(buffer), max(self._length - self._position, 0))
        content = self._stream.read(wanted)
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _refuse(path: Path) -> NoReturn:
    raise PermissionError(f"{path}: only read here")
