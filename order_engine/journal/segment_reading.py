"""Reads one segment frame by frame. Every byte is checked; one frame at a time is in memory."""

import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import MsgspecError, Struct

from order_engine.journal.archive import archived
from order_engine.journal.disk import Disk
from order_engine.journal.errors import JournalDamaged, JournalError, JournalTooNew, JournalUnreadable
from order_engine.journal.frames import HEADER_BYTES, MAGIC, Flag, decode_header
from order_engine.journal.record import UNDECODABLE, Record, decode_record
from order_engine.journal.segments import FORMAT, Segment, SegmentHeader, decode_segment_header
from order_engine.journal.torn_tail import BadFrame, require_torn
from order_engine.journal.upcasters import FORMAT_MIN, record_decoder

BELIEVED_BYTES = 1 << 20
# msgspec's messages for a field that the Struct does not have, and for an unknown tag.
_UNKNOWN = re.compile(r"unknown field|^Invalid value .* at `\$\.commands\[[^`]*\.type`$", re.DOTALL)


class TornTail(Struct, frozen=True, kw_only=True):
    """What a crash left after the last good frame. It was never acknowledged and is cut off."""

    path: Path
    offset: int
    length: int


class SegmentReading:
    """One segment file being read.

    The last frame read begins at ``offset``, the next one at ``next_offset``. The segment is known to be on disk up to
    ``secured_offset``.
    """

    def __init__(self, disk: Disk, segment: Segment) -> None:
        self.segment = segment
        self.offset = 0
        self.next_offset = 0
        self.secured_offset = 0
        self.torn: TornTail | None = None
        self._decode: Callable[[bytes], Record] = decode_record
        try:
            self._stream: BinaryIO = disk.open_read(segment.path)
        except OSError as error:
            raise JournalUnreadable(segment.path, error) from error

    def __enter__(self) -> "SegmentReading":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self._stream.close()

    def read_header(
        self, previous: SegmentHeader | None, rules_version: int | None, *, tail_may_be_torn: bool = False
    ) -> SegmentHeader | None:
        """Read and check the first frame; return None if it is a torn tail.

        ``previous`` is the header of the segment before. ``rules_version`` is the newest that the caller knows, or None
        if it only reads headers.
        """
        assert self.next_offset == 0
        line = self.next_payload(tail_may_be_torn=tail_may_be_torn)
        if line is None:
            return None
        try:
            header = decode_segment_header(line)
        except UNDECODABLE as error:
            raise self._undecodable(error, HEADER_BYTES, "a segment header") from error
        self._check_header(header, previous)
        if rules_version is not None and header.rules_version > rules_version:
            raise JournalTooNew(
                self.segment.path, f"under rules_version {header.rules_version}", f"rules up to {rules_version}"
            )
        self._decode = record_decoder(header.format)
        return header

    def next_payload(self, *, tail_may_be_torn: bool = False) -> bytes | None:
        """Return the payload of the next frame; None at the end of the file, or at a torn tail where one is allowed."""
        self.offset = self.next_offset
        try:
            payload = self._read_frame()
            if isinstance(payload, BadFrame):
                self._end_torn(payload, tail_may_be_torn=tail_may_be_torn)
                return None
        except OSError as error:
            raise JournalUnreadable(self.segment.path, error) from error
        return payload

    def records(self, payload: bytes, after_sequence: int) -> Iterator[Record]:
        """Yield the records of the last frame read; check that each follows the one before."""
        decode = self._decode
        for line in payload.splitlines():
            try:
                record = decode(line)
            except UNDECODABLE as error:
                raise self._undecodable(error, self.offset, "a record") from error
            if record.sequence != after_sequence + 1 or not record.commands:
                expected = f"a record of sequence {after_sequence + 1}"
                raise self.damage(expected, f"{len(record.commands)} commands from sequence {record.sequence}")
            after_sequence = record.last_sequence
            yield record

    def damage(self, expected: str, found: str) -> JournalDamaged:
        """Return the error for the last frame read."""
        return JournalDamaged(self.segment.path, self.offset, expected, found)

    def _check_header(self, header: SegmentHeader, previous: SegmentHeader | None) -> None:
        path, first_sequence = self.segment
        if header.format > FORMAT:
            raise JournalTooNew(path, f"in format {header.format}", f"formats up to {FORMAT}")
        if header.format < FORMAT_MIN:
            raise JournalDamaged(path, HEADER_BYTES, f"format {FORMAT_MIN} or higher", f"format {header.format}")
        if header.first_sequence != first_sequence:
            expected, found = f"first_sequence {first_sequence}", f"{header.first_sequence}"
            raise JournalDamaged(path, HEADER_BYTES, expected, found)
        if previous is not None and header.journal_id != previous.journal_id:
            expected, found = f"journal_id {previous.journal_id}", f"{header.journal_id}"
            raise JournalDamaged(path, HEADER_BYTES, expected, found)

    def _undecodable(self, error: BaseException, offset: int, expected: str) -> JournalError:
        """Return ``JournalTooNew`` for an unknown field or command under a good checksum, else ``JournalDamaged``."""
        if isinstance(error, MsgspecError) and _UNKNOWN.search(str(error)):
            found = f"by a newer program (at byte {offset}: {error})"
            return JournalTooNew(self.segment.path, found, "no such field or command")
        return JournalDamaged(self.segment.path, offset, expected, str(error))

    def _read_frame(self) -> bytes | BadFrame | None:
        raw = self._stream.read(HEADER_BYTES)
        if not raw and self.offset > 0:
            return None
        header = decode_header(raw)
        if header is None:
            expected = f"a frame header that begins with {MAGIC.decode()!r} and matches its checksum"
            return BadFrame(self.segment.path, self.offset, None, expected, repr(raw))
        payload = self._read_payload(header.payload_bytes)
        found_crc = zlib.crc32(payload)
        if len(payload) < header.payload_bytes or found_crc != header.payload_crc:
            expected = f"a payload of {header.payload_bytes} bytes with checksum {header.payload_crc:08x}"
            found = f"{len(payload)} bytes with checksum {found_crc:08x}"
            return BadFrame(self.segment.path, self.offset, header, expected, found)
        self.next_offset = self.offset + HEADER_BYTES + len(payload)
        if header.flag is not Flag.UNSYNCED:
            self.secured_offset = self.offset
        return payload

    def _read_payload(self, payload_bytes: int) -> bytes:
        if payload_bytes > BELIEVED_BYTES:
            # A damaged length must not allocate more memory than the file has bytes.
            start = self._stream.tell()
            payload_bytes = min(payload_bytes, self._stream.seek(0, 2) - start)
            self._stream.seek(start)
        return self._stream.read(payload_bytes)

    def _end_torn(self, bad: BadFrame, *, tail_may_be_torn: bool) -> None:
        if not tail_may_be_torn:
            raise bad.as_damage()
        size = self._stream.seek(0, 2)
        require_torn(self._stream, bad, size)
        self.torn = TornTail(path=bad.path, offset=bad.offset, length=size - bad.offset)


def open_segment(disk: Disk, segment: Segment, archive: Path | None) -> SegmentReading:
    """Open a segment, in the archive if it was moved there meanwhile."""
    try:
        return SegmentReading(disk, segment)
    except JournalUnreadable as error:
        if archive is None or not isinstance(error.__cause__, FileNotFoundError):
            raise
        return SegmentReading(disk, archived(segment, archive))
