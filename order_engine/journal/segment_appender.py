"""The segment that is being written: appends frames, and begins a new segment when it is full.

One thread at a time may write and rotate; another may call ``sync`` meanwhile.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from order_engine.journal.disk import AppendFile, Disk
from order_engine.journal.frames import Flag, encode_frame
from order_engine.journal.reader import JournalEnd
from order_engine.journal.segments import FORMAT, SegmentHeader, encode_segment_header, segment_path


class SegmentAppender:
    """Cuts off a torn tail, then appends where the journal ends.

    ``written_sequence`` is the last sequence in the file, ``synced_sequence`` the last one on disk.
    """

    def __init__(
        self,
        directory: Path,
        disk: Disk,
        *,
        end: JournalEnd,
        journal_id: str,
        rules_version: int,
        segment_bytes_max: int,
        clock: Callable[[], int],
    ) -> None:
        self._directory = directory
        self._disk = disk
        self._rules_version = rules_version
        self._segment_bytes_max = segment_bytes_max
        self._clock = clock
        self._file_lock = Lock()
        self.journal_id = end.header.journal_id if end.header is not None else journal_id
        self.written_sequence = self.synced_sequence = end.last_sequence
        self.path = directory
        self._first_sequence = end.last_sequence + 1
        self._written_bytes = 0
        self._synced_bytes = 0
        self._sync_error: OSError | None = None
        self._file: AppendFile | None = None
        self._cut_torn_tail(end)
        self._open(end)

    def append(self, payload: bytes, last_sequence: int, *, synced_next: bool) -> None:
        """Write one frame, in a new segment if this one is full. ``synced_next`` promises a sync before the next."""
        if self._written_bytes >= self._segment_bytes_max:
            self.rotate()
        assert self._file is not None
        frame = encode_frame(self._flag(synced_next=synced_next), payload)
        self._file.write(frame)
        self._written_bytes += len(frame)
        self.written_sequence = last_sequence

    def sync(self) -> None:
        """Return once everything written so far is on disk.

        A failed sync is never tried again: the system may have dropped the pages it could not write, and a second sync
        would then succeed without them.
        """
        with self._file_lock:
            if self._sync_error is not None:
                raise OSError(*self._sync_error.args) from self._sync_error
            # Read in this order: ``append`` counts the bytes before it sets the sequence.
            sequence, mark = self.written_sequence, self._written_bytes
            if self._file is not None and mark > self._synced_bytes:
                try:
                    self._file.sync()
                except OSError as error:
                    self._sync_error = error
                    raise
                self._synced_bytes = mark
            self.synced_sequence = sequence

    def rotate(self) -> None:
        """Sync this segment and begin the next, unless this one has no record yet."""
        if self.written_sequence >= self._first_sequence:
            self.sync()
            self.close()
            self._create(self.written_sequence + 1)

    def close(self) -> None:
        """Close the file, synced or not."""
        with self._file_lock:
            file, self._file = self._file, None
            if file is not None:
                file.close()

    def _cut_torn_tail(self, end: JournalEnd) -> None:
        if end.torn is None:
            return
        if end.torn.offset > 0:
            self._disk.truncate(end.torn.path, end.torn.offset)
        else:
            # Even the header is torn: the crash came while the segment was created.
            self._disk.remove(end.torn.path)
            self._disk.sync_directory(self._directory)

    def _open(self, end: JournalEnd) -> None:
        if end.segment is None or end.header is None:
            self._create(end.last_sequence + 1)
            return
        self.path, self._first_sequence = end.segment
        self._file = self._disk.open_append(self.path)
        self._written_bytes = end.offset
        # A killed process may have left frames, and even the segment's name, unsynced. If its fsync failed, the system
        # may show frames that it gave up writing, and another fsync would succeed without them: write them again first.
        self._disk.rewrite(self.path, end.secured_offset)
        self.sync()
        self._disk.sync_directory(self._directory)
        if end.header.rules_version != self._rules_version:
            self.close()
            # Continue in a new segment. One that has only a header is replaced by it.
            self._create(end.last_sequence + 1)

    def _create(self, first_sequence: int) -> None:
        """Begin a segment, and put its header and its name on disk."""
        header = SegmentHeader(
            format=FORMAT,
            journal_id=self.journal_id,
            rules_version=self._rules_version,
            first_sequence=first_sequence,
            created_ns=self._clock(),
        )
        frame = encode_frame(Flag.DURABLE, encode_segment_header(header) + b"\n")
        self.path = segment_path(self._directory, first_sequence)
        self._first_sequence = first_sequence
        self._disk.create(self.path, frame)
        with self._file_lock:
            self._file = self._disk.open_append(self.path)
            self._written_bytes = self._synced_bytes = len(frame)

    def _flag(self, *, synced_next: bool) -> Flag:
        if self._synced_bytes < self._written_bytes:
            return Flag.UNSYNCED
        return Flag.DURABLE if synced_next else Flag.SYNCED
