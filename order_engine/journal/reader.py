"""Reads a journal record by record. Every byte is checked; one frame at a time is in memory.

One pass gives the records, the segment headers with the journal's id, the end of the journal, and whether a crash tore
the tail. A read up to a durable sequence never looks beyond it, so it works on a live journal. Use ``tail`` to follow a
live journal.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from order_engine.journal.archive import all_segments, segments_from
from order_engine.journal.disk import Disk
from order_engine.journal.errors import JournalDamaged, JournalError, JournalGap, JournalUnreadable
from order_engine.journal.record import Record
from order_engine.journal.segment_reading import SegmentReading, TornTail, open_segment
from order_engine.journal.segments import Segment, SegmentHeader, list_segments

__all__ = ["JournalEnd", "JournalReader", "TornTail", "read_journal_id"]


class JournalEnd(Struct, frozen=True, kw_only=True):
    """Where a journal ends and writing continues. Without a segment the journal is empty.

    The segment is known to be on disk up to ``secured_offset``; the rest may be in the system's memory only.
    """

    last_sequence: int
    segment: Segment | None = None
    header: SegmentHeader | None = None
    offset: int = 0
    secured_offset: int = 0
    torn: TornTail | None = None


def read_journal_id(directory: Path, disk: Disk, archive: Path | None = None) -> str | None:
    """Return the journal's id from the header of its newest segment; None if there is no journal yet.

    If a crash tore that header, read the one before. Raises a ``JournalError`` if the header is damaged.
    """
    try:
        segments = list_segments(directory, disk)
        if archive is not None and len(segments) <= 1:
            segments = all_segments(directory, archive, disk)
    except OSError as error:
        raise JournalUnreadable(directory, error) from error
    for segment in reversed(segments):
        with open_segment(disk, segment, archive) as reading:
            header = reading.read_header(None, None, tail_may_be_torn=segment is segments[-1])
            if header is not None:
                return header.journal_id
    return None


class JournalReader:
    """Reads the journal in a directory, one pass at a time. Older segments may be in ``archive``."""

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
        """Where the journal ends; known once ``records`` has been read to its end without ``until_sequence``."""
        if self._end is None:
            raise JournalError(f"{self._directory}: the journal has not been read to its end")
        return self._end

    @property
    def header(self) -> SegmentHeader | None:
        """The header of the segment with the latest record."""
        return self._header

    def records(self, after_sequence: int = 0, until_sequence: int | None = None) -> Iterator[Record]:
        """Yield the records after a sequence, in order, to the end or up to a durable sequence."""
        self._end = self._header = None
        if until_sequence is not None and until_sequence <= after_sequence:
            return
        segments = segments_from(self._directory, self._archive, self._disk, after_sequence)
        self.bytes_read, self.bytes_total = 0, sum(self._size(segment) for segment in segments)
        self._last_sequence = segments[0].first_sequence - 1 if segments else 0
        end = JournalEnd(last_sequence=self._last_sequence)
        for segment in segments:
            if until_sequence is not None and self._last_sequence >= until_sequence:
                return
            with open_segment(self._disk, segment, self._archive) as reading:
                last_segment = segment is segments[-1] and until_sequence is None
                for record in self._segment_records(reading, end.header, tail_may_be_torn=last_segment):
                    if until_sequence is not None and record.last_sequence > until_sequence:
                        return
                    self._require_boundary(record, after_sequence)
                    if record.sequence > after_sequence:
                        yield record
                    if record.last_sequence == until_sequence:
                        return
            end = self._end_after(reading, end)
        if self._last_sequence < (needed := max(after_sequence, until_sequence or 0)):
            raise JournalGap(f"{self._directory}: the journal ends at {self._last_sequence}, before {needed}")
        if until_sequence is None:
            self._end = end

    def _size(self, segment: Segment) -> int:
        try:
            return self._disk.size(segment.path)
        except FileNotFoundError:
            return 0  # Just moved to the archive. This only makes ``bytes_total`` too small.
        except OSError as error:
            raise JournalUnreadable(segment.path, error) from error

    def _require_boundary(self, record: Record, after_sequence: int) -> None:
        if record.sequence <= after_sequence < record.last_sequence:
            raise JournalGap(
                f"{self._directory}: sequence {after_sequence} lies inside the record "
                f"{record.sequence} to {record.last_sequence}"
            )

    def _segment_records(
        self, reading: SegmentReading, previous: SegmentHeader | None, *, tail_may_be_torn: bool
    ) -> Iterator[Record]:
        """Yield the records of a segment, which must follow the previous one."""
        segment = reading.segment
        if segment.first_sequence != self._last_sequence + 1:
            expected, found = f"the segment of sequence {self._last_sequence + 1}", f"{segment.first_sequence}"
            raise JournalDamaged(segment.path, 0, expected, found)
        header = reading.read_header(previous, self._rules_version, tail_may_be_torn=tail_may_be_torn)
        if header is None:
            return
        self._header = header
        self._count_bytes(reading)
        while (payload := reading.next_payload(tail_may_be_torn=tail_may_be_torn)) is not None:
            self._count_bytes(reading)
            for record in reading.records(payload, self._last_sequence):
                self._last_sequence = record.last_sequence
                yield record

    def _count_bytes(self, reading: SegmentReading) -> None:
        self.bytes_read += reading.next_offset - reading.offset

    def _end_after(self, reading: SegmentReading, before: JournalEnd) -> JournalEnd:
        """Return the journal's end after this segment. A segment without a whole header does not count."""
        if reading.next_offset == 0:
            return msgspec.structs.replace(before, torn=reading.torn)
        return JournalEnd(
            last_sequence=self._last_sequence,
            segment=reading.segment,
            header=self._header,
            offset=reading.next_offset,
            secured_offset=reading.secured_offset,
            torn=reading.torn,
        )
