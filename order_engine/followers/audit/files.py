"""Reads the segments of the log line by line and checks the chain.

A crash can leave an unsynced tail torn: a last line cut short, or ranges of zeros. Any other line that does not fit is
damage.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from order_engine.followers.audit.entries import (
    FIRST_CHAIN,
    Entry,
    Header,
    chain_after,
    decode_entry,
    decode_header,
    is_last_part,
    split_line,
)
from order_engine.followers.audit.errors import AuditDamaged
from order_engine.journal.disk import Disk
from order_engine.journal.record import UNDECODABLE

FORMAT = 1
AUDIT_DIRECTORY = "audit"
_NAME = re.compile(r"([0-9]{20})\.audit")


class AuditSegment(NamedTuple):
    """A file of the log, as its name describes it."""

    path: Path
    first_sequence: int


class Line(NamedTuple):
    """A line with a good chain: the entry, its bytes without the chain, the chain, and its place in the file."""

    entry: Entry
    body: bytes
    chain: bytes
    path: Path
    number: int
    offset: int
    end: int
    wording: int


class Boundary(NamedTuple):
    """The end of a whole record or of the header: where appending may continue."""

    sequence: int
    chain: bytes
    offset: int


class TornLine(NamedTuple):
    """The torn tail that a crash, or a running server, leaves in the log."""

    path: Path
    offset: int
    length: int


def segment_path(directory: Path, first_sequence: int) -> Path:
    """Return the path of the segment that begins with this sequence."""
    return directory / f"{first_sequence:020d}.audit"


def list_segments(directory: Path, disk: Disk) -> list[AuditSegment]:
    """Return the segments in order of sequence; none if there is no log yet."""
    try:
        names = disk.names(directory)
    except FileNotFoundError:
        return []
    matches = [_NAME.fullmatch(name) for name in names]
    return [AuditSegment(directory / match[0], int(match[1])) for match in matches if match is not None]


def read_header(segment: AuditSegment, disk: Disk) -> Header:
    """Return the header of a segment; raises ``AuditDamaged``."""
    with disk.open_read(segment.path) as file:
        line = file.readline()
    parts = split_line(line)
    return _decoded_header(segment, line, None if parts is None else parts[0])


class AuditReading:
    """Reads segments in order; ``chain``, ``last_sequence`` and ``torn`` say how far it has come.

    If it does not begin with the log's first segment, it trusts the previous chain in the first header.
    """

    def __init__(self, segments: list[AuditSegment], disk: Disk) -> None:
        self._segments = segments
        self._disk = disk
        self.header: Header | None = None
        self.chain = FIRST_CHAIN
        self.last_sequence = segments[0].first_sequence - 1 if segments else 0
        self.torn: TornLine | None = None
        self.boundary = Boundary(self.last_sequence, self.chain, 0)

    def lines(self) -> Iterator[Line]:
        """Yield every entry; raise ``AuditDamaged`` at the first that does not follow the one before."""
        for segment in self._segments:
            with self._disk.open_read(segment.path) as file:
                first = file.readline()
                self._begin(segment, first)
                offset, number = len(first), 1
                for line in file:
                    number += 1
                    read = self._follow(segment, line, number, offset)
                    if read is None:
                        self._end_torn(segment, line, file.read(), offset)
                        break
                    yield read
                    offset = read.end

    def _begin(self, segment: AuditSegment, line: bytes) -> None:
        parts = split_line(line)
        header = _decoded_header(segment, line, None if parts is None else parts[0])
        assert parts is not None
        if segment is self._segments[0] and segment.first_sequence > 1:
            self.chain = header.previous.encode()
        _require(segment, 0, f"first_sequence {self.last_sequence + 1}", f"first_sequence {header.first_sequence}")
        _require(
            segment,
            0,
            f"the name of sequence {header.first_sequence}",
            f"the name of sequence {segment.first_sequence}",
        )
        _require(segment, 0, f"previous chain {self.chain.decode()}", f"previous chain {header.previous}")
        if self.header is not None:
            _require(segment, 0, f"journal_id {self.header.journal_id}", f"journal_id {header.journal_id}")
        expected = chain_after(self.chain, parts[0])
        _require(segment, 0, f"the chain {expected.decode()}", f"the chain {parts[1].decode('ascii', 'replace')}")
        self.header, self.chain = header, expected
        self.boundary = Boundary(self.last_sequence, expected, len(line))

    def _follow(self, segment: AuditSegment, line: bytes, number: int, offset: int) -> Line | None:
        """Return the line, or None if it may be a torn tail; raise ``AuditDamaged`` if no crash explains it."""
        assert self.header is not None
        parts = split_line(line)
        expected = None if parts is None else chain_after(self.chain, parts[0])
        if parts is None or expected is None or parts[1] != expected:
            if not line.endswith(b"\n") or b"\0" in line:
                return None
            found = "a line without one" if parts is None else f"the chain {parts[1].decode('ascii', 'replace')}"
            wanted = "an entry with a chain" if expected is None else f"the chain {expected.decode()}"
            raise AuditDamaged(segment.path, offset, f"line {number}: {wanted}", found)
        try:
            entry = decode_entry(parts[0])
        except UNDECODABLE as error:
            raise AuditDamaged(segment.path, offset, f"line {number}: an entry", str(error)) from error
        if entry.sequence != self.last_sequence + 1:
            expected_text = f"line {number}: the entry of sequence {self.last_sequence + 1}"
            raise AuditDamaged(segment.path, offset, expected_text, f"that of {entry.sequence}")
        end = offset + len(line)
        self.chain, self.last_sequence = expected, entry.sequence
        if is_last_part(entry):
            self.boundary = Boundary(entry.sequence, expected, end)
        return Line(entry, parts[0], expected, segment.path, number, offset, end, self.header.wording)

    def _end_torn(self, segment: AuditSegment, line: bytes, rest: bytes, offset: int) -> None:
        if segment is not self._segments[-1]:
            raise AuditDamaged(segment.path, offset, "a whole line", repr(line[:40]))
        self.torn = TornLine(segment.path, offset, len(line) + len(rest))


def _decoded_header(segment: AuditSegment, line: bytes, body: bytes | None) -> Header:
    if body is None:
        raise AuditDamaged(segment.path, 0, "a header with a chain", repr(line[:40]))
    try:
        header = decode_header(body)
    except UNDECODABLE as error:
        raise AuditDamaged(segment.path, 0, "a header", str(error)) from error
    if header.audit != FORMAT:
        raise AuditDamaged(segment.path, 0, f"format {FORMAT}", f"format {header.audit}")
    return header


def _require(segment: AuditSegment, offset: int, expected: str, found: str) -> None:
    if expected != found:
        raise AuditDamaged(segment.path, offset, expected, found)
