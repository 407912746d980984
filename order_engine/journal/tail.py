"""The tail: reads a live journal up to the watermark, and keeps its place between calls.

It follows the journal into new segments, and finds archived ones. Everything below the watermark has been written
completely, so a bad frame there is damage and not a torn tail.
"""

from collections import deque
from pathlib import Path

from order_engine.journal.archive import segments_from
from order_engine.journal.disk import Disk
from order_engine.journal.errors import JournalError, JournalGap, JournalUnreadable
from order_engine.journal.record import Record
from order_engine.journal.segment_reading import SegmentReading, open_segment
from order_engine.journal.segments import Segment, SegmentHeader, segment_path


class Tail:
    """Returns the records after ``after_sequence``. ``position`` is the last sequence returned.

    After an error the next call reads again from ``position``. One thread at a time may use it.
    """

    def __init__(
        self, directory: Path, disk: Disk, *, rules_version: int, archive: Path | None = None, after_sequence: int = 0
    ) -> None:
        self.position = after_sequence
        self._directory = directory
        self._disk = disk
        self._rules_version = rules_version
        self._archive = archive
        self._reading: SegmentReading | None = None
        # Kept after a failed read, so that the tail never continues in a segment of another journal.
        self._header: SegmentHeader | None = None
        self._decoded_sequence = 0
        self._decoded: deque[Record] = deque()

    def read(self, until_sequence: int, records_max: int = 1_000) -> list[Record]:
        """Return the next records up to ``until_sequence``, which must be visible."""
        records: list[Record] = []
        try:
            while len(records) < records_max and self._has_next(until_sequence):
                record = self._decoded.popleft()
                self.position = record.last_sequence
                records.append(record)
        except JournalError:
            self.close()
            # Return the records before the damage first. The next call meets the damage again.
            if not records:
                raise
        return records

    def close(self) -> None:
        """Release the file."""
        self._decoded.clear()
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def _has_next(self, until_sequence: int) -> bool:
        """Return whether the next record is within ``until_sequence``; read frames if none is decoded."""
        if until_sequence <= self.position:
            return False
        while not self._decoded:
            self._read_frame(until_sequence)
        return self._decoded[0].last_sequence <= until_sequence

    def _read_frame(self, until_sequence: int) -> None:
        reading = self._reading
        if reading is None:
            segments = segments_from(self._directory, self._archive, self._disk, self.position)
            reading = self._open(segments[0] if segments else self._segment(self.position + 1))
        payload = reading.next_payload()
        if payload is None:
            self._open_next(reading, until_sequence)
            return
        for record in reading.records(payload, self._decoded_sequence):
            self._decoded_sequence = record.last_sequence
            if record.sequence > self.position:
                self._decoded.append(record)
            elif record.last_sequence > self.position:
                raise JournalGap(
                    f"{reading.segment.path}: sequence {self.position} lies inside the record "
                    f"{record.sequence} to {record.last_sequence}"
                )

    def _open_next(self, reading: SegmentReading, until_sequence: int) -> None:
        """Open the next segment. There must be one if this segment ends below the watermark."""
        reading.close()
        segment = self._segment(self._decoded_sequence + 1)
        is_missing = segment.first_sequence == reading.segment.first_sequence
        try:
            if not is_missing:
                self._open(segment)
        except JournalUnreadable as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
            is_missing = True
        if is_missing:
            raise reading.damage(f"records up to sequence {until_sequence}", f"the end at {self._decoded_sequence}")

    def _open(self, segment: Segment) -> SegmentReading:
        reading = open_segment(self._disk, segment, self._archive)
        self._reading = reading
        self._header = reading.read_header(self._header, self._rules_version)
        self._decoded_sequence = segment.first_sequence - 1
        return reading

    def _segment(self, first_sequence: int) -> Segment:
        return Segment(segment_path(self._directory, first_sequence), first_sequence)
