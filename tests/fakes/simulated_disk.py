"""A disk in memory that knows what a crash leaves, and calls a watcher at every boundary.

What takes several steps (``create``, ``make_directory``) is the real disk's; the single steps are simulated. Bytes are
safe once their file is synced, names once their directory is; until then a power cut keeps any part of them.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import BinaryIO

from order_engine.journal.disk import AppendFile, LocalDisk
from tests.fakes.growing_file import open_growing

SECTOR_BYTES = 512
ROOT = Path("/")


class ShortWrite(Exception):
    """Raised by a watcher: the write takes some bytes, then fails with this error."""

    def __init__(self, taken_bytes: int, error: OSError) -> None:
        super().__init__(taken_bytes, error)
        self.taken_bytes = taken_bytes
        self.error = error


class _Inode:
    """A file or a directory: what was written, and what is safe.

    After a sync that failed the system may take what it could not write for written: no later sync saves it.
    """

    __slots__ = ("content", "has_failed", "is_directory", "safe")

    def __init__(self, content: bytes = b"", safe: bytes = b"", *, is_directory: bool = False) -> None:
        self.content = content
        self.safe = safe
        self.is_directory = is_directory
        self.has_failed = False

    def copy(self) -> "_Inode":
        copied = _Inode(self.content, self.safe, is_directory=self.is_directory)
        copied.has_failed = self.has_failed
        return copied


# Names that change together or not at all: a link, an unlink, or both names of a rename.
_Change = dict[Path, _Inode | None]
Watcher = Callable[[str, Path, bytes], None]


class SimulatedDisk(LocalDisk):
    """``watcher(operation, path, content)`` is called before each step that changes something; it may raise."""

    def __init__(self) -> None:
        self._names: dict[Path, _Inode] = {ROOT: _Inode(is_directory=True)}
        self._safe_names = dict(self._names)
        self._unsafe_changes: list[_Change] = []
        self.watcher: Watcher = lambda operation, path, content: None

    # What a crash leaves.

    def copy(self) -> "SimulatedDisk":
        """Return this disk as it stands, with what is safe and what is not: as a killed process leaves it."""
        copies: dict[int, _Inode] = {}

        def copy(inode: _Inode | None) -> _Inode | None:
            return None if inode is None else copies.setdefault(id(inode), inode.copy())

        copied = SimulatedDisk()
        copied._names = {path: copies.setdefault(id(inode), inode.copy()) for path, inode in self._names.items()}
        copied._safe_names = {
            path: copies.setdefault(id(inode), inode.copy()) for path, inode in self._safe_names.items()
        }
        copied._unsafe_changes = [
            {path: copy(inode) for path, inode in change.items()} for change in self._unsafe_changes
        ]
        return copied

    def after_power_cut(self, random: Random, kept_percent: int) -> "SimulatedDisk":
        """Return what a power cut leaves: all that is safe, and of the rest this share of names and sectors."""
        names = dict(self._safe_names)
        for change in self._unsafe_changes:
            if random.randrange(100) < kept_percent:
                _apply(change, names)
        self._undo_half_moves(names)
        survivor = SimulatedDisk()
        for path in sorted(names):
            if path.parent in survivor._names:
                inode = names[path]
                content = _after_power_cut(inode, random, kept_percent)
                survivor._names[path] = _Inode(content, content, is_directory=inode.is_directory)
        survivor._safe_names = dict(survivor._names)
        return survivor

    @property
    def is_safe(self) -> bool:
        """Whether everything is safe from a power cut."""
        return not self._unsafe_changes and all(inode.content == inode.safe for inode in self._names.values())

    def fingerprint(self) -> tuple[object, ...]:
        """Return a value that is equal for disks with equal content, safe and unsafe."""
        names = tuple((path, inode.content, inode.safe) for path, inode in sorted(self._names.items()))
        changes = tuple(
            tuple((path, inode and inode.content) for path, inode in change.items()) for change in self._unsafe_changes
        )
        return names, changes

    # For tests.

    def put(self, path: Path, content: bytes) -> None:
        """Replace the bytes of a file, synced."""
        inode = self._find(path)
        inode.content = inode.safe = content

    def put_unsafe(self, path: Path, content: bytes) -> None:
        """Replace the bytes of a file, as a process that is killed while it writes."""
        self._find(path).content = content

    def content(self, path: Path) -> bytes:
        """Return all that was written to a file."""
        return self._find(path).content

    # Disk.

    def names(self, directory: Path) -> list[str]:
        self._find(directory)
        return sorted(path.name for path in self._names if path.parent == directory and path != ROOT)

    def size(self, path: Path) -> int:
        return len(self._find(path).content)

    def open_read(self, path: Path) -> BinaryIO:
        inode = self._find(path)
        return open_growing(lambda: inode.content)

    def open_append(self, path: Path) -> AppendFile:
        return SimulatedFile(self, path, self._find(path))

    def open_new(self, path: Path) -> AppendFile:
        self.watcher("open", path, b"")
        self._find(path.parent)
        inode = _Inode()
        self._change({path: inode})
        return SimulatedFile(self, path, inode)

    def truncate(self, path: Path, length: int) -> None:
        inode = self._find(path)
        self.watcher("truncate", path, b"")
        inode.content = inode.content[:length]
        self.watcher("sync", path, b"")
        inode.safe = inode.content

    def rewrite(self, path: Path, offset: int) -> None:
        inode = self._find(path)
        self.watcher("rewrite", path, b"")
        if offset <= len(inode.safe):
            inode.has_failed = False

    def rename(self, source: Path, target: Path) -> None:
        inode = self._find(source)
        self.watcher("rename", target, b"")
        if source.parent == target.parent:
            self._change({source: None, target: inode})
        else:
            # Two directories, each safe when it is synced: a power cut before that may leave both names.
            self._change({target: inode})
            self._change({source: None})

    def remove(self, path: Path) -> None:
        self._find(path)
        self.watcher("remove", path, b"")
        self._change({path: None})

    def sync_directory(self, directory: Path) -> None:
        self._find(directory)
        self.watcher("sync", directory, b"")
        unsafe: list[_Change] = []
        for change in self._unsafe_changes:
            if next(iter(change)).parent == directory:
                _apply(change, self._safe_names)
            else:
                unsafe.append(change)
        self._unsafe_changes = unsafe

    def has_directory(self, directory: Path) -> bool:
        return directory in self._names

    def add_directory(self, directory: Path) -> None:
        self.watcher("mkdir", directory, b"")
        self._change({directory: _Inode(is_directory=True)})

    def _undo_half_moves(self, names: dict[Path, _Inode]) -> None:
        """Restore a name of a file that was moved: a power cut leaves one name or both."""
        kept = {id(inode) for inode in names.values()}
        moved = {id(inode) for inode in self._names.values()}
        halves = moved - kept
        names |= {path: inode for path, inode in self._safe_names.items() if id(inode) in halves}

    def _change(self, change: _Change) -> None:
        _apply(change, self._names)
        self._unsafe_changes.append(change)

    def _find(self, path: Path) -> _Inode:
        if path not in self._names:
            raise FileNotFoundError(f"no such file: {path}")
        return self._names[path]


class SimulatedFile:
    """A file of a ``SimulatedDisk``, open for appending."""

    def __init__(self, disk: SimulatedDisk, path: Path, inode: _Inode) -> None:
        self._disk = disk
        self._path = path
        self._inode: _Inode | None = inode

    def write(self, content: bytes) -> None:
        assert self._inode is not None, "written after it was closed"
        try:
            self._disk.watcher("write", self._path, content)
        except ShortWrite as short:
            self._inode.content += content[: short.taken_bytes]
            raise short.error from short
        self._inode.content += content

    def sync(self) -> None:
        assert self._inode is not None, "synced after it was closed"
        content = self._inode.content
        try:
            self._disk.watcher("sync", self._path, b"")
        except OSError:
            self._inode.has_failed = True
            raise
        if not self._inode.has_failed:
            self._inode.safe = content

    def close(self) -> None:
        self._inode = None


def _apply(change: _Change, names: dict[Path, _Inode]) -> None:
    for path, inode in change.items():
        if inode is None:
            names.pop(path, None)
        else:
            names[path] = inode


def _after_power_cut(inode: _Inode, random: Random, kept_percent: int) -> bytes:
    """Lose unsynced sectors in any order; a lost sector beyond the old length reads as zeros."""
    written, safe = inode.content, inode.safe
    if written == safe or kept_percent == 0:
        return safe
    if kept_percent == 100:
        return written
    if len(written) >= len(safe):
        length = random.randint(len(safe), len(written))
    else:
        length = random.choice((len(safe), len(written)))
    survived = bytearray(written.ljust(length, b"\0")[:length])
    before = safe.ljust(length, b"\0")
    for start in range(0, length, SECTOR_BYTES):
        sector = slice(start, start + SECTOR_BYTES)
        if random.randrange(100) >= kept_percent:
            survived[sector] = before[:length][sector]
    return bytes(survived)
