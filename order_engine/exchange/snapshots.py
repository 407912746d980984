"""Snapshots: the exchange's state at one sequence, as a file that proves itself whole.

A snapshot is three lines: the SHA-256 of the other two, a header, and the dumped state. A snapshot that is not whole is
never used: recovery takes an older one, or the journal from its beginning.
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
from msgspec import Struct

from order_engine.exchange.errors import SnapshotError
from order_engine.exchange.state import ExchangeState, state_hash
from order_engine.journal.disk import Disk
from order_engine.journal.record import UNDECODABLE

FORMAT = 1
_NAME = re.compile(r"[0-9]{20}\.snapshot")


class SnapshotHeader(Struct, frozen=True, kw_only=True):
    """What a snapshot is of. ``journal_id`` names the journal that it belongs to."""

    format: int
    journal_id: str
    rules_version: int
    sequence: int
    timestamp_ns: int
    state_hash: str


class Snapshot(NamedTuple):
    """A snapshot, whole: its header and the bytes of the file."""

    header: SnapshotHeader
    content: bytes

    def state(self) -> ExchangeState:
        """Load the state that was dumped; raises ``SnapshotError``."""
        dump = self.content.partition(b"\n")[2].partition(b"\n")[2]
        try:
            return ExchangeState.load(dump)
        except UNDECODABLE as error:
            raise SnapshotError(f"the snapshot at sequence {self.header.sequence} cannot be read: {error}") from error

    def proven_state(self) -> ExchangeState:
        """Load the state as ``state`` does, if it has the hash that the header gives; raises ``SnapshotError``."""
        found = state_hash(self.content.partition(b"\n")[2].partition(b"\n")[2])
        if found != self.header.state_hash:
            raise SnapshotError(f"the hash of its state should be {self.header.state_hash}, and is {found}")
        return self.state()


class SnapshotCopy(NamedTuple):
    """A copy that may be read; ``read`` raises ``SnapshotError`` if it cannot be."""

    sequence: int
    read: Callable[[], bytes]


class SnapshotCopies(Protocol):
    """Where copies of snapshots are kept besides the files; may be out of reach at any time."""

    def save(self, snapshot: Snapshot) -> None:
        """Keep a copy; raises ``SnapshotError`` if that is not possible now."""

    def newest_first(self, journal_id: str, sequence_max: int | None) -> list[SnapshotCopy]:
        """List the copies of a journal's snapshots, those up to a sequence or all; none if they are out of reach."""
        ...


def make_snapshot(state: ExchangeState, journal_id: str, rules_version: int) -> Snapshot:
    """Dump a state; the caller sees to it that the state stands still meanwhile."""
    dump = state.dump()
    header = SnapshotHeader(
        format=FORMAT,
        journal_id=journal_id,
        rules_version=rules_version,
        sequence=state.sequence,
        timestamp_ns=state.engine.timestamp_ns,
        state_hash=state_hash(dump),
    )
    body = msgspec.json.encode(header) + b"\n" + dump
    return Snapshot(header, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def read_snapshot(content: bytes) -> Snapshot:
    """Check that a snapshot is whole and of a format that is known; raises ``SnapshotError`` saying why not."""
    digest, _, body = content.partition(b"\n")
    found = hashlib.sha256(body).hexdigest()
    if digest != found.encode():
        raise SnapshotError(f"its checksum should be {digest[:64]!r}, and is {found}")
    try:
        header = msgspec.json.decode(body.partition(b"\n")[0], type=SnapshotHeader)
    except UNDECODABLE as error:
        raise SnapshotError(f"its header cannot be read: {error}") from error
    if header.format != FORMAT:
        raise SnapshotError(f"its format is {header.format}, this program reads {FORMAT}")
    return Snapshot(header, content)


def read_header(content: bytes) -> SnapshotHeader:
    """Return the header of a snapshot; raises ``SnapshotError`` if it is not whole."""
    return read_snapshot(content).header


class SnapshotFiles:
    """The snapshots in a directory, named by their sequence. Keeps the newest ``kept``."""

    def __init__(self, directory: Path, disk: Disk, kept: int = 3) -> None:
        self._directory = directory
        self._disk = disk
        self._kept = kept

    def path_of(self, sequence: int) -> Path:
        """Return where the snapshot of a sequence lies."""
        return self._directory / f"{sequence:020d}.snapshot"

    def put(self, snapshot: Snapshot) -> None:
        """Put a snapshot in place, durably."""
        self._disk.make_directory(self._directory)
        self._disk.create(self.path_of(snapshot.header.sequence), snapshot.content)

    def remove_old(self, needed_from: int) -> None:
        """Remove all but the newest few, and the newest of those up to ``needed_from``, or else the oldest of all."""
        needed = self.paths_newest_first(needed_from)[:1] or self.paths_newest_first()[-1:]
        for old in self.paths_newest_first()[self._kept :]:
            if old not in needed:
                self._disk.remove(old)

    def paths_newest_first(self, sequence_max: int | None = None) -> list[Path]:
        """List the snapshot files, those up to a sequence or all."""
        self._disk.make_directory(self._directory)
        names = [name for name in self._disk.names(self._directory) if _NAME.fullmatch(name)]
        paths = [self._directory / name for name in sorted(names, reverse=True)]
        return [path for path in paths if sequence_max is None or snapshot_sequence(path) <= sequence_max]

    def read(self, path: Path) -> bytes:
        """Read a snapshot file; raises ``SnapshotError`` if the system cannot."""
        try:
            with self._disk.open_read(path) as file:
                return file.read()
        except OSError as error:
            raise SnapshotError(f"{path}: {error}") from error


def snapshot_sequence(path: Path) -> int:
    """Return the sequence that a snapshot file is named for."""
    return int(path.stem)
