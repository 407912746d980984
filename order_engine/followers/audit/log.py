"""Appends whole records to the log, chained, in segments of a bounded size.

One thread uses it. After an error it must be opened again, to find out what was written.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from order_engine.exchange.applied import Applied
from order_engine.followers.audit.entries import FIRST_CHAIN, Header, bodies_of, chain_after, chained_line, header_body
from order_engine.followers.audit.errors import AuditForeign, AuditIncomplete
from order_engine.followers.audit.files import FORMAT, AuditReading, AuditSegment, list_segments, segment_path
from order_engine.followers.audit.sentences import WORDING
from order_engine.journal.disk import AppendFile, Disk
from order_engine.wire.timestamps import format_timestamp

log = logging.getLogger(__name__)

SEGMENT_BYTES_MAX = 64 << 20


class AuditLog:
    """The log in a directory. ``last_sequence`` is the last written, ``synced_sequence`` the last synced."""

    def __init__(self, directory: Path, disk: Disk, segment_bytes_max: int = SEGMENT_BYTES_MAX) -> None:
        self._directory = directory
        self._disk = disk
        self._segment_bytes_max = segment_bytes_max
        self._journal_id = ""
        self._file: AppendFile | None = None
        self._path = directory
        self._written_bytes = 0
        self._synced_bytes = 0
        self._unsynced: tuple[Path, int] | None = None
        self._chain = FIRST_CHAIN
        self.last_sequence = 0
        self.synced_sequence = 0

    def open(self, journal_id: str) -> int:
        """Cut off a torn tail, and return the last sequence, after which appending continues.

        Raises ``AuditDamaged``, or ``AuditForeign`` if the log belongs to another journal.
        """
        self.close()
        self._journal_id = journal_id
        self._disk.make_directory(self._directory)
        self._cut_what_was_not_synced()
        segments = list_segments(self._directory, self._disk)
        if segments:
            self._take_up(segments[-1])
        else:
            self._chain, self.last_sequence = FIRST_CHAIN, 0
        self.synced_sequence = self.last_sequence
        return self.last_sequence

    def append(self, records: Sequence[Applied]) -> None:
        """Write the entries of records that follow the last one."""
        lines: list[bytes] = []
        for applied in records:
            record = applied.record
            if record.sequence != self.last_sequence + 1:
                raise AuditIncomplete(f"expected sequence {self.last_sequence + 1}, found {record.sequence}")
            if self._file is None or self._written_bytes >= self._segment_bytes_max:
                self._write(lines)
                lines = []
                self._rotate(record.timestamp_ns)
            for body in bodies_of(applied):
                self._chain = chain_after(self._chain, body)
                lines.append(chained_line(body, self._chain))
                self._written_bytes += len(lines[-1])
            self.last_sequence = record.last_sequence
        self._write(lines)

    def sync(self) -> None:
        """Return once everything written is on disk."""
        if self._file is None or self.synced_sequence == self.last_sequence:
            return
        # After a failed sync the system may show bytes that are not on disk. The next ``open`` cuts them off.
        self._unsynced = self._path, self._synced_bytes
        self._file.sync()
        self._unsynced = None
        self._synced_bytes, self.synced_sequence = self._written_bytes, self.last_sequence

    def close(self) -> None:
        """Close the file, synced or not."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _write(self, lines: list[bytes]) -> None:
        if lines:
            assert self._file is not None
            self._file.write(b"".join(lines))

    def _cut_what_was_not_synced(self) -> None:
        if self._unsynced is not None:
            self._disk.truncate(*self._unsynced)
            self._unsynced = None

    def _take_up(self, segment: AuditSegment) -> None:
        """Check the last segment, cut it after its last whole record, and continue in it if its wording is ours."""
        reading = AuditReading([segment], self._disk)
        for _ in reading.lines():
            pass
        header, boundary = reading.header, reading.boundary
        assert header is not None
        if header.journal_id != self._journal_id:
            raise AuditForeign(f"{segment.path}: expected journal {self._journal_id}, found {header.journal_id}")
        size = self._disk.size(segment.path)
        if boundary.offset < size:
            log.warning("%s: cut %d bytes that a crash left unfinished", segment.path, size - boundary.offset)
            self._disk.truncate(segment.path, boundary.offset)
        self.last_sequence = boundary.sequence
        if boundary.sequence < segment.first_sequence:
            # The segment has only a header: the next record replaces it.
            self._chain = header.previous.encode()
            return
        self._chain = boundary.chain
        # A killed process may have left unsynced lines. If their sync failed, the system may show lines that it gave up
        # writing, and another sync would succeed without them: write them again first.
        self._disk.rewrite(segment.path, self._synced_bytes if segment.path == self._path else 0)
        self._file = self._disk.open_append(segment.path)
        self._file.sync()
        self._note_synced(segment.path, boundary.offset)
        if header.wording != WORDING:
            self.close()

    def _note_synced(self, path: Path, length: int) -> None:
        self._path, self._written_bytes, self._synced_bytes = path, length, length

    def _rotate(self, timestamp_ns: int) -> None:
        self.sync()
        self.close()
        header = Header(
            audit=FORMAT,
            journal_id=self._journal_id,
            wording=WORDING,
            first_sequence=self.last_sequence + 1,
            time=format_timestamp(timestamp_ns),
            previous=self._chain.decode(),
        )
        body = header_body(header)
        self._chain = chain_after(self._chain, body)
        line = chained_line(body, self._chain)
        path = segment_path(self._directory, self.last_sequence + 1)
        self._disk.create(path, line)
        self._file = self._disk.open_append(path)
        self._note_synced(path, len(line))
