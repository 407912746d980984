"""Reading a journal: record by record, every byte checked, one frame in memory at a time.

Whoever reads to the end learns where the end is, and whether a crash tore the tail. Reading up to a sequence that is
known to be durable never looks beyond it, so it works while the journal is being written.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from order_engine.journal.archive import all_segments, archived
from order_engine.journal.disk import Disk
from order_engine.journal.errors import JournalDamaged, JournalError, JournalGap, JournalTooNew, JournalUnreadable
from order_engine.journal.frames import HEADER_BYTES, MAGIC, Flag, decode_header
from order_engine.journal.record import UNDECODABLE, Record, decode_record
from order_engine.journal.segments import FORMAT, Segment, SegmentHeader, decode_segment_header, list_segments
from order_engine.journal.torn_tail import BadFrame, require_torn

BELIEVED_BYTES = 1 << 20


class TornTail(Struct, frozen=True, kw_only=True):
    """What a crash left behind the last good frame: to be cut off, never acknowledged."""

    path: Path
    offset: int
    length: int


class JournalEnd(Struct, frozen=True, kw_only=True):
    """Where a journal ends, and so where writing goes on. Without a segment there is nothing in it yet.

    Up to ``secured_offset`` the segment is known to be on disk; what is beyond may be in the system's memory only.
    """

    last_sequence: int
    segment: Segment | None = None
    header: SegmentHeader | None = None
    offset: int = 0
    secured_offset: int = 0
    torn: TornTail | None = None


class JournalReader:
    """Reads the journal in a directory; one reading at a time. Older segments may be in ``archive``."""

    def __init__(self, directory: Path, disk: Disk, *, rules_version: int, archive: Path | None = None) -> None:
        self._directory = directory
        self._disk = disk
        self._rules_version = rules_version
        self._archive = archive
        self._end: JournalEnd | None = None
        self._header: SegmentHeader | None = None
        self._last_sequence = 0
        self.bytes_read = 0
        self.bytes_total = 0

    @property
    def end(self) -> JournalEnd:
        """Where the journal ends; known once ``records`` has been read through without ``until_sequence``."""
        if self._end is None:
            raise JournalError(f"{self._directory}: the journal has not been read to its end")
        return self._end

    @property
    def header(self) -> SegmentHeader | None:
        """The header of the segment that the latest record came from."""
        return self._header

    def records(self, after_sequence: int = 0, until_sequence: int | None = None) -> Iterator[Record]:
        """Yield the records after a sequence, in order: to the end, or of a live journal up to a durable sequence."""
        self._end = self._header = None
        if until_sequence is not None and until_sequence <= after_sequence:
            return
        segments = self._segments_from(after_sequence)
        self.bytes_read, self.bytes_total = 0, sum(self._size(segment) for segment in segments)
        self._last_sequence = segments[0].first_sequence - 1 if segments else 0
        end = JournalEnd(last_sequence=self._last_sequence)
        for segment in segments:
            if until_sequence is not None and self._last_sequence >= until_sequence:
                return
            reading = self._open(segment)
            with reading:
                last_segment = segment is segments[-1] and until_sequence is None
                for record in self._segment_records(reading, end.header, tail_may_be_torn=last_segment):
                    if until_sequence is not None and record.last_sequence > until_sequence:
                        return
                    self._require_boundary(record, after_sequence)
                    if record.sequence > after_sequence:
                        yield record
                    if record.last_sequence == until_sequence:
                        return
            end = reading.end(end, self._last_sequence, self._header)
        if self._last_sequence < (needed := max(after_sequence, until_sequence or 0)):
            raise JournalGap(f"{self._directory}: the journal ends at {self._last_sequence}, before {needed}")
        if until_sequence is None:
            self._end = end

    def _segments_from(self, after_sequence: int) -> list[Segment]:
        try:
            segments = list_segments(self._directory, self._disk)
            if self._archive is not None and (not segments or segments[0].first_sequence > after_sequence + 1):
                segments = self._with_archived(segments, self._archive)
        except OSError as error:
            raise JournalUnreadable(self._directory, error) from error
        if not segments:
            return []
        if segments[0].first_sequence > after_sequence + 1:
            raise JournalGap(
                f"{self._directory}: the journal begins at {segments[0].first_sequence}, "
                f"records from {after_sequence + 1} were asked for"
            )
        before = sum(segment.first_sequence <= after_sequence + 1 for segment in segments)
        return segments[before - 1 :]

    def _with_archived(self, live: list[Segment], archive: Path) -> list[Segment]:
        segments = all_segments(self._directory, archive, self._disk)
        if segments and not live:
            raise JournalGap(f"{self._directory}: the journal is gone, {archive} has what came before: restore it")
        return segments

    def _open(self, segment: Segment) -> "_SegmentReading":
        try:
            return _SegmentReading(self._disk, segment)
        except JournalUnreadable as error:
            if self._archive is None or not isinstance(error.__cause__, FileNotFoundError):
                raise
            return _SegmentReading(self._disk, archived(segment, self._archive))

    def _size(self, segment: Segment) -> int:
        try:
            return self._disk.size(segment.path)
        except FileNotFoundError:
            return 0  # moved to the archive a moment ago: only the progress is told a little wrong
        except OSError as error:
            raise JournalUnreadable(segment.path, error) from error

    def _require_boundary(self, record: Record, after_sequence: int) -> None:
        if record.sequence <= after_sequence < record.last_sequence:
            raise JournalGap(
                f"{self._directory}: sequence {after_sequence} lies inside the record "
                f"{record.sequence} to {record.last_sequence}"
            )

    def _segment_records(
        self, reading: "_SegmentReading", previous: SegmentHeader | None, *, tail_may_be_torn: bool
    ) -> Iterator[Record]:
        """Yield the records of a segment, checking that each follows the one before."""
        segment = reading.segment
        if segment.first_sequence != self._last_sequence + 1:
            expected, found = f"the segment of sequence {self._last_sequence + 1}", f"{segment.first_sequence}"
            raise JournalDamaged(segment.path, 0, expected, found)
        payloads = reading.payloads(tail_may_be_torn=tail_may_be_torn)
        first = next(payloads, None)
        if first is None:
            return
        self._header = self._read_header(segment, first, previous)
        self.bytes_read += HEADER_BYTES + len(first)
        for payload in payloads:
            self.bytes_read += HEADER_BYTES + len(payload)
            for record in _decode_records(reading, payload):
                if record.sequence != self._last_sequence + 1 or not record.commands:
                    expected = f"a record of sequence {self._last_sequence + 1}"
                    found = f"{len(record.commands)} commands from sequence {record.sequence}"
                    raise JournalDamaged(segment.path, reading.offset, expected, found)
                self._last_sequence = record.last_sequence
                yield record

    def _read_header(self, segment: Segment, line: bytes, previous: SegmentHeader | None) -> SegmentHeader:
        try:
            header = decode_segment_header(line)
        except UNDECODABLE as error:
            raise JournalDamaged(segment.path, HEADER_BYTES, "a segment header", str(error)) from error
        if header.format != FORMAT:
            raise JournalDamaged(segment.path, HEADER_BYTES, f"format {FORMAT}", f"format {header.format}")
        if header.first_sequence != segment.first_sequence:
            expected, found = f"first_sequence {segment.first_sequence}", f"{header.first_sequence}"
            raise JournalDamaged(segment.path, HEADER_BYTES, expected, found)
        if previous is not None and header.journal_id != previous.journal_id:
            expected, found = f"journal_id {previous.journal_id}", f"{header.journal_id}"
            raise JournalDamaged(segment.path, HEADER_BYTES, expected, found)
        if header.rules_version > self._rules_version:
            raise JournalTooNew(segment.path, header.rules_version, self._rules_version)
        return header


def _decode_records(reading: "_SegmentReading", payload: bytes) -> Iterator[Record]:
    for line in payload.splitlines():
        try:
            yield decode_record(line)
        except UNDECODABLE as error:
            raise JournalDamaged(reading.segment.path, reading.offset, "a record", str(error)) from error


class _SegmentReading:
    """One segment file being read, frame by frame. ``offset`` is where the frame that was read last begins."""

    def __init__(self, disk: Disk, segment: Segment) -> None:
        self.segment = segment
        self.offset = 0
        self._next_offset = 0
        self._secured_offset = 0
        self._torn: TornTail | None = None
        try:
            self._stream: BinaryIO = disk.open_read(segment.path)
        except OSError as error:
            raise JournalUnreadable(segment.path, error) from error

    def __enter__(self) -> "_SegmentReading":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stream.close()

    def end(self, before: JournalEnd, last_sequence: int, header: SegmentHeader | None) -> JournalEnd:
        """Return the end of the journal if nothing follows this segment; one without a header is no part of it."""
        if self._next_offset == 0:
            return msgspec.structs.replace(before, torn=self._torn)
        return JournalEnd(
            last_sequence=last_sequence,
            segment=self.segment,
            header=header,
            offset=self._next_offset,
            secured_offset=self._secured_offset,
            torn=self._torn,
        )

    def payloads(self, *, tail_may_be_torn: bool) -> Iterator[bytes]:
        """Yield the payloads of the good frames; raise ``JournalDamaged`` at any other unless it is a torn tail."""
        while True:
            self.offset = self._next_offset
            try:
                payload = self._next_payload()
                if isinstance(payload, BadFrame):
                    return self._end_torn(payload, tail_may_be_torn=tail_may_be_torn)
            except OSError as error:
                raise JournalUnreadable(self.segment.path, error) from error
            if payload is None:
                return None
            yield payload

    def _next_payload(self) -> bytes | BadFrame | None:
        """Return the payload of the next frame, or None at the end of the file."""
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
        self._next_offset = self.offset + HEADER_BYTES + len(payload)
        if header.flag is not Flag.UNSYNCED:
            self._secured_offset = self.offset
        return payload

    def _read_payload(self, payload_bytes: int) -> bytes:
        if payload_bytes > BELIEVED_BYTES:
            # A length that is not true must not claim memory that the file does not need.
            start = self._stream.tell()
            payload_bytes = min(payload_bytes, self._stream.seek(0, 2) - start)
            self._stream.seek(start)
        return self._stream.read(payload_bytes)

    def _end_torn(self, bad: BadFrame, *, tail_may_be_torn: bool) -> None:
        if not tail_may_be_torn:
            raise bad.as_damage()
        size = self._stream.seek(0, 2)
        require_torn(self._stream, bad, size)
        self._torn = TornTail(path=bad.path, offset=bad.offset, length=size - bad.offset)
