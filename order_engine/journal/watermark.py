"""The watermark: how far the journal may be shown. Every start makes a new one; recovery never reads it.

``visible`` is the last sequence that may be shown, ``synced`` the last that is fsynced, in every sync mode. ``synced``
is never beyond ``visible``, and neither ever goes back. Only the committer moves them.
"""

import mmap
import os
from pathlib import Path
from typing import Protocol

from order_engine.journal.errors import JournalError

WATERMARK_NAME = "watermark"
_MAGIC = int.from_bytes(b"OEMARK1\n", "little")
# Aligned 64-bit words: the processor loads and stores each atomically, so other processes never see a torn number.
_MAGIC_WORD, _VISIBLE_WORD, _SYNCED_WORD = range(3)
_BYTES = 24


class WatermarkMissing(JournalError):
    """There is no watermark that can be read."""


class Watermark(Protocol):
    """Tells how far the journal may be shown."""

    @property
    def visible(self) -> int:
        """The last sequence that may be shown."""
        ...

    @property
    def synced(self) -> int:
        """The last sequence that is on disk."""
        ...

    def move(self, visible: int, synced: int) -> None:
        """Set both."""


class MemoryWatermark:
    """A watermark within one process."""

    def __init__(self, sequence: int = 0) -> None:
        self.visible = sequence
        self.synced = sequence

    def move(self, visible: int, synced: int) -> None:
        """Set both."""
        assert self.visible <= visible
        assert self.synced <= synced <= visible
        self.visible = visible
        self.synced = synced


class SharedWatermark:
    """A watermark that processes share through a mapped file."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        self._words = memoryview(memory).cast("Q")

    @staticmethod
    def create(path: Path, sequence: int) -> "SharedWatermark":
        """Replace the file with a new one. A process that has the old file open sees no more changes."""
        partial = path.with_name(path.name + ".partial")
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.ftruncate(descriptor, _BYTES)
            watermark = SharedWatermark(mmap.mmap(descriptor, _BYTES))
        finally:
            os.close(descriptor)
        watermark.move(sequence, sequence)
        watermark._words[_MAGIC_WORD] = _MAGIC
        os.replace(partial, path)
        return watermark

    @staticmethod
    def open(path: Path) -> "SharedWatermark":
        """Map the file read-only; raise ``WatermarkMissing`` if there is none that can be read."""
        try:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                memory = mmap.mmap(descriptor, _BYTES, access=mmap.ACCESS_READ)
            finally:
                os.close(descriptor)
        except (OSError, ValueError) as error:
            raise WatermarkMissing(f"{path}: cannot be read as a watermark: {error}") from error
        watermark = SharedWatermark(memory)
        if watermark._words[_MAGIC_WORD] != _MAGIC:
            watermark.close()
            raise WatermarkMissing(f"{path}: is not a watermark")
        return watermark

    @property
    def visible(self) -> int:
        """The last sequence that may be shown."""
        return self._words[_VISIBLE_WORD]

    @property
    def synced(self) -> int:
        """The last sequence that is on disk."""
        return self._words[_SYNCED_WORD]

    def move(self, visible: int, synced: int) -> None:
        """Set both. ``visible`` goes first, so that no reader finds ``synced`` beyond it."""
        assert self.visible <= visible
        assert self.synced <= synced <= visible
        self._words[_VISIBLE_WORD] = visible
        self._words[_SYNCED_WORD] = synced

    def close(self) -> None:
        """Unmap the file, which stays."""
        self._words.release()
        self._memory.close()
