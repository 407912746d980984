"""A file in memory that is read while it grows: later reads see what was appended."""

from collections.abc import Callable
from io import BufferedReader, RawIOBase
from typing import BinaryIO

# Small, so that records exceed the buffer.
BUFFER_BYTES = 4_096


def open_growing(content: Callable[[], bytes | bytearray]) -> BinaryIO:
    """Open what ``content`` returns at each read."""
    return BufferedReader(_GrowingFile(content), BUFFER_BYTES)


class _GrowingFile(RawIOBase):
    def __init__(self, content: Callable[[], bytes | bytearray]) -> None:
        super().__init__()
        self._content = content
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = {0: 0, 1: self._position, 2: len(self._content())}[whence] + offset
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the typed buffer is wider
        piece = self._content()[self._position : self._position + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)
