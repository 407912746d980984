"""Snapshots: the exchange's state at one sequence, in a file with checksums.

A snapshot is a line with the SHA-256 of the rest, a line with the header, and the dumped state. A damaged snapshot is
never used: recovery takes an older one, or reads the journal from its beginning. A snapshot file is read twice, first
to check it and then to load the state, so it is never in memory as a whole.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from order_engine.exchange.errors import SnapshotError
from order_engine.exchange.snapshot_format_1 import upcast
from order_engine.exchange.state import ExchangeState
from order_engine.journal.disk import Disk
from order_engine.journal.record import UNDECODABLE

FORMAT = 2
LINE_BYTES_MAX = 4_096
_READ_BYTES = 1 << 18
_NAME = re.compile(r"[0-9]{20}\.snapshot")
_UNKNOWN_HASH = "0" * 64

Read = TypeVar("Read")


class SnapshotGone(SnapshotError):
    """The snapshot file was removed, as old ones are, before it was read."""


class SnapshotHeader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The header: which journal, sequence and state a snapshot is of, and in which format."""

    format: int
    journal_id: str
    rules_version: int
    sequence: int
    timestamp_ns: int
    state_hash: str


class _FormatOnly(Struct):
    format: int


class Snapshot(NamedTuple):
    """A snapshot: its header and the bytes of the file."""

    header: SnapshotHeader
    content: bytes


def make_snapshot(state: ExchangeState, journal_id: str, rules_version: int) -> Snapshot:
    """Dump a state. It must not change meanwhile."""
    header = SnapshotHeader(
        format=FORMAT,
        journal_id=journal_id,
        rules_version=rules_version,
        sequence=state.sequence,
        timestamp_ns=state.engine.timestamp_ns,
        state_hash=_UNKNOWN_HASH,
    )
    file, digest = BytesIO(), hashlib.sha256()
    # Both hashes are known only at the end; placeholders of the same length are overwritten then.
    file.write(_UNKNOWN_HASH.encode() + b"\n" + msgspec.json.encode(header) + b"\n")
    for piece in state.dump():
        digest.update(piece)
        file.write(piece)
    header = msgspec.structs.replace(header, state_hash=digest.hexdigest())
    file.seek(len(_UNKNOWN_HASH) + 1)
    file.write(msgspec.json.encode(header))
    whole = hashlib.sha256(file.getbuffer()[len(_UNKNOWN_HASH) + 1 :]).hexdigest()
    file.seek(0)
    file.write(whole.encode())
    return Snapshot(header, file.getvalue())


def check_snapshot(file: BinaryIO) -> SnapshotHeader:
    """Check every byte of a snapshot and return its header; raises ``SnapshotError``."""
    digest = file.readline(LINE_BYTES_MAX).rstrip(b"\n")
    line = file.readline(LINE_BYTES_MAX)
    whole, dumped = hashlib.sha256(line), hashlib.sha256()
    while content := file.read(_READ_BYTES):
        whole.update(content)
        dumped.update(content)
    if digest != whole.hexdigest().encode():
        raise SnapshotError(f"its checksum should be {digest[:64]!r}, and is {whole.hexdigest()}")
    header = _header(line)
    if dumped.hexdigest() != header.state_hash:
        raise SnapshotError(f"the hash of its state should be {header.state_hash}, and is {dumped.hexdigest()}")
    return header


def load_state(file: BinaryIO) -> ExchangeState:
    """Load the state from the beginning of a checked snapshot; raises ``SnapshotError``."""
    header = read_header(file)
    dump: Iterable[bytes] = upcast(file.read()) if header.format == 1 else file
    try:
        return ExchangeState.load(dump)
    except UNDECODABLE as error:
        raise SnapshotError(f"the snapshot at sequence {header.sequence} cannot be read: {error}") from error


def read_header(file: BinaryIO) -> SnapshotHeader:
    """Read a snapshot's header without checking the rest; raises ``SnapshotError``."""
    file.readline(LINE_BYTES_MAX)
    return _header(file.readline(LINE_BYTES_MAX))


def _header(line: bytes) -> SnapshotHeader:
    try:
        # Read the format first: a newer one may have other fields.
        found = msgspec.json.decode(line, type=_FormatOnly).format
        if not 1 <= found <= FORMAT:
            raise SnapshotError(f"its format is {found}, this program reads 1 to {FORMAT}")
        return msgspec.json.decode(line, type=SnapshotHeader)
    except UNDECODABLE as error:
        raise SnapshotError(f"its header cannot be read: {error}") from error


class SnapshotFiles:
    """The snapshots in a directory, named by their sequence. ``remove_old`` keeps the newest ``kept``."""

    def __init__(self, directory: Path, disk: Disk, kept: int = 3) -> None:
        self._directory = directory
        self._disk = disk
        self._kept = kept

    def path_of(self, sequence: int) -> Path:
        """Return the path of the snapshot at a sequence."""
        return self._directory / f"{sequence:020d}.snapshot"

    def put(self, snapshot: Snapshot) -> None:
        """Write a snapshot durably."""
        self._disk.make_directory(self._directory)
        self._disk.create(self.path_of(snapshot.header.sequence), snapshot.content)

    def remove_old(self, needed_from: int) -> None:
        """Delete old snapshots; keep the newest ``kept``, and one at or before ``needed_from`` (else the oldest)."""
        needed = self.paths_newest_first(needed_from)[:1] or self.paths_newest_first()[-1:]
        for old in self.paths_newest_first()[self._kept :]:
            if old not in needed:
                self._disk.remove(old)

    def paths_newest_first(self, sequence_max: int | None = None) -> list[Path]:
        """List the snapshot files, all or those up to a sequence."""
        self._disk.make_directory(self._directory)
        names = [name for name in self._disk.names(self._directory) if _NAME.fullmatch(name)]
        paths = [self._directory / name for name in sorted(names, reverse=True)]
        return [path for path in paths if sequence_max is None or snapshot_sequence(path) <= sequence_max]

    def header(self, path: Path) -> SnapshotHeader:
        """Read the header of a snapshot file without checking the rest; raises ``SnapshotError``."""
        return self._read(path, read_header)

    def check(self, path: Path) -> SnapshotHeader:
        """Check every byte of a snapshot file and return its header; raises ``SnapshotError``."""
        return self._read(path, check_snapshot)

    def load(self, path: Path) -> ExchangeState:
        """Load the state of a checked snapshot file; raises ``SnapshotError``."""
        return self._read(path, load_state)

    def _read(self, path: Path, read: Callable[[BinaryIO], Read]) -> Read:
        try:
            with self._disk.open_read(path) as file:
                return read(file)
        except FileNotFoundError as error:
            raise SnapshotGone(f"{path}: {error}") from error
        except OSError as error:
            raise SnapshotError(f"{path}: {error}") from error


def snapshot_sequence(path: Path) -> int:
    """Return the sequence in the name of a snapshot file."""
    return int(path.stem)
