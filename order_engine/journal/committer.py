"""The committer: one thread writes and syncs appended records as fast as the disk allows, and moves the watermark.

``append`` does no I/O and may be called under the exchange's lock. All records that are appended during one fsync form
the next group: one frame, one fsync. After a failed write or fsync the committer accepts nothing more: what the disk
holds is uncertain until the next start reads it back.
"""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic

from order_engine.journal.disk import Disk
from order_engine.journal.errors import JournalClosed, JournalFailed, JournalGap
from order_engine.journal.reader import JournalEnd
from order_engine.journal.record import Record, encode_record
from order_engine.journal.segment_appender import SegmentAppender
from order_engine.journal.watermark import Watermark

SEGMENT_BYTES_MAX = 64 << 20
FRAME_BYTES_MAX = 8 << 20

log = logging.getLogger(__name__)


class SyncMode(StrEnum):
    """What must happen to a record before it is visible."""

    ALWAYS = "always"
    """Every group of records is fsynced first."""
    INTERVAL = "interval"
    """It is written to the operating system. An fsync follows within the interval: a power cut may lose that much."""
    OFF = "off"
    """It is written to the operating system. An fsync follows when the segment is full, or at the end."""


def _nothing() -> None:
    pass


class Committer:
    """Appends to the journal that ends at ``end``; ``journal_id`` names it if it has no segment yet.

    ``on_commit`` is called after every move of the watermark, after a failure and after the close, usually in the
    committer's thread. ``on_failure`` is called once, before ``on_commit``. ``require_in_place`` is called before each
    write; it raises ``OSError`` if another process may own the directory by now.
    """

    def __init__(
        self,
        directory: Path,
        disk: Disk,
        *,
        end: JournalEnd,
        journal_id: str,
        rules_version: int,
        clock: Callable[[], int],
        watermark: Watermark,
        sync: SyncMode = SyncMode.ALWAYS,
        sync_interval_ms: int = 100,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
        on_commit: Callable[[], object] = _nothing,
        on_failure: Callable[[JournalFailed], None] | None = None,
        require_in_place: Callable[[], object] = _nothing,
    ) -> None:
        try:
            self._segment = SegmentAppender(
                directory,
                disk,
                end=end,
                journal_id=journal_id,
                rules_version=rules_version,
                segment_bytes_max=segment_bytes_max,
                clock=clock,
            )
        except OSError as error:
            raise JournalFailed(directory, error) from error
        self._watermark = watermark
        self._sync_mode = sync
        self._sync_interval_seconds = sync_interval_ms / 1000
        self._on_commit = on_commit
        self._on_failure = on_failure
        self._require_in_place = require_in_place
        self._owner_pid = os.getpid()
        self._thread: Thread | None = None
        self._wakes: SimpleQueue[None] = SimpleQueue()
        # One thread at a time writes. The mutex guards the fields below and is never held across I/O.
        self._writing = Lock()
        self._mutex = Lock()
        self._buffer: list[tuple[int, bytes]] = []
        self._buffer_bytes = 0
        self._waiters: list[tuple[int, Lock]] = []
        self._is_asleep = False
        self._appended_sequence = self._visible_sequence = self._synced_sequence = end.last_sequence
        self._failure: JournalFailed | None = None
        self._is_closed = False
        watermark.move(end.last_sequence, end.last_sequence)

    @property
    def journal_id(self) -> str:
        """The id of this journal, the same in all its segments."""
        return self._segment.journal_id

    @property
    def appended_sequence(self) -> int:
        """The last sequence appended, visible or not."""
        return self._appended_sequence

    @property
    def visible_sequence(self) -> int:
        """The last sequence that may be shown."""
        return self._visible_sequence

    @property
    def synced_sequence(self) -> int:
        """The last sequence that is fsynced."""
        return self._synced_sequence

    @property
    def failure(self) -> JournalFailed | None:
        """Why the journal stopped, or None."""
        return self._failure

    def start(self) -> None:
        """Start the thread. Without it the caller must call ``commit`` and ``sync``."""
        assert self._thread is None
        self._thread = Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    def append(self, record: Record) -> None:
        """Add a record to the buffer. Its sequence must follow the last one."""
        line = encode_record(record)
        with self._mutex:
            if self._failure is not None or self._is_closed:
                self._require_open()
            if record.sequence != self._appended_sequence + 1 or not record.commands:
                raise JournalGap(
                    f"{self._segment.path}: expected a record of sequence {self._appended_sequence + 1}, "
                    f"found {len(record.commands)} commands from sequence {record.sequence}"
                )
            self._appended_sequence = last_sequence = record.last_sequence
            self._buffer.append((last_sequence, line))
            self._buffer_bytes += len(line) + 1
            if self._is_asleep:
                self._wake()

    def commit(self) -> bool:
        """Write the buffer, sync it if the mode asks for that, and move the watermark; False if nothing was moved.

        A disk error is not raised, but kept in ``failure``.
        """
        self._require_owner()
        with self._writing:
            if self._failure is not None or not self._buffer:
                return False
            target = self._appended_sequence
            while self._visible_sequence < target:
                if not self._attempt(self._commit_frame):
                    return False
        return True

    def wait_visible(self, sequence: int, timeout: float | None = None) -> bool:
        """Return True once ``sequence`` is visible, False after ``timeout`` seconds.

        Raises ``JournalFailed`` or ``JournalClosed`` if it cannot become visible any more.
        """
        if sequence <= self._visible_sequence:
            return True
        self._require_owner()
        gate = Lock()
        gate.acquire()
        with self._mutex:
            if sequence <= self._visible_sequence:
                return True
            if self._failure is not None or (self._is_closed and sequence > self._appended_sequence):
                self._require_open()
            waiter = (sequence, gate)
            self._waiters.append(waiter)
        try:
            gate.acquire(timeout=-1 if timeout is None else max(timeout, 0.0))
        finally:
            with self._mutex, suppress(ValueError):
                self._waiters.remove(waiter)
        if sequence <= self._visible_sequence:
            return True
        self._require_open()
        return False

    def sync(self) -> int:
        """Sync all visible records, whatever the mode, and return the last synced sequence."""
        self._require_owner()
        self._require_sound()
        if self._synced_sequence < self._visible_sequence:
            self._attempt(self._segment.sync)
            self._require_sound()
        return self._synced_sequence

    def close(self) -> None:
        """Commit, sync and close the files; raise ``JournalFailed`` if that fails. Later appends are refused."""
        self._require_owner()
        with self._mutex:
            if self._is_closed:
                return
            self._is_closed = True
            self._wake()
        if self._thread is not None:
            self._thread.join()
        try:
            self.commit()
            if self._failure is None:
                self._attempt(self._segment.sync)
            self._require_sound()
        finally:
            with self._writing:
                self._segment.close()
            self._dismiss_waiters()
            self._tell()

    def _run(self) -> None:
        """Commit until closed or failed. In mode ``INTERVAL`` also sync once the interval has passed."""
        unsynced_since: float | None = None
        while not self._is_closed and self._failure is None:
            self._sleep(unsynced_since)
            self.commit()
            if self._sync_mode is not SyncMode.INTERVAL or self._synced_sequence == self._visible_sequence:
                unsynced_since = None
            elif unsynced_since is None:
                unsynced_since = monotonic()
            elif monotonic() - unsynced_since >= self._sync_interval_seconds:
                self._attempt(self._segment.sync)
                unsynced_since = None

    def _sleep(self, unsynced_since: float | None) -> None:
        """Wait until a record is appended, a sync is due or the committer is closed. It may also return early."""
        with self._mutex:
            if self._buffer or self._is_closed or self._failure is not None:
                return
            self._is_asleep = True
        timeout = None
        if unsynced_since is not None:
            timeout = max(unsynced_since + self._sync_interval_seconds - monotonic(), 0.0)
        with suppress(Empty):
            self._wakes.get(timeout=timeout)
        with self._mutex:
            self._is_asleep = False

    def _wake(self) -> None:
        """Wake the thread. The caller holds the mutex, so the thread checks the buffer before it sleeps again."""
        self._wakes.put(None)
        self._is_asleep = False

    def _attempt(self, work: Callable[[], None]) -> bool:
        """Do disk work, then move the watermark. After an error stop for good and return False."""
        try:
            work()
        except BaseException as error:
            # An interrupt in the middle of a write leaves the same uncertainty as a disk error.
            self._fail(error)
            if not isinstance(error, OSError):
                raise
            return False
        self._move()
        return True

    def _commit_frame(self) -> None:
        """Write the buffer, or as much of it as fits into one frame, and sync it if the mode asks for that."""
        lines, last_sequence = self._take()
        always = self._sync_mode is SyncMode.ALWAYS
        self._require_in_place()
        self._segment.append(b"\n".join(lines) + b"\n", last_sequence, synced_next=always)
        if always:
            self._segment.sync()

    def _take(self) -> tuple[list[bytes], int]:
        with self._mutex:
            if self._buffer_bytes <= FRAME_BYTES_MAX:
                taken, self._buffer, self._buffer_bytes = self._buffer, [], 0
            else:
                taken = self._split_buffer()
        return [line for _, line in taken], taken[-1][0]

    def _split_buffer(self) -> list[tuple[int, bytes]]:
        count = size = 0
        for _, line in self._buffer:
            if count > 0 and size + len(line) + 1 > FRAME_BYTES_MAX:
                break
            count += 1
            size += len(line) + 1
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        self._buffer_bytes -= size
        return taken

    def _move(self) -> None:
        """Move the watermark to what is written and synced, and wake the threads that wait for it."""
        with self._mutex:
            if self._failure is not None:
                return
            synced = self._segment.synced_sequence
            visible = synced if self._sync_mode is SyncMode.ALWAYS else self._segment.written_sequence
            # Another thread may have synced and moved the watermark further meanwhile.
            visible, synced = max(visible, self._visible_sequence), max(synced, self._synced_sequence)
            if (visible, synced) == (self._visible_sequence, self._synced_sequence):
                return
            self._watermark.move(visible, synced)
            self._visible_sequence, self._synced_sequence = visible, synced
            served = [gate for sequence, gate in self._waiters if sequence <= visible]
            self._waiters = [waiter for waiter in self._waiters if waiter[0] > visible]
        for gate in served:
            gate.release()
        self._tell()

    def _fail(self, cause: BaseException) -> None:
        with self._mutex:
            if self._failure is not None:
                return
            failure = self._failure = JournalFailed(self._segment.path, cause)
        self._dismiss_waiters()
        if self._on_failure is not None:
            self._on_failure(failure)
        self._tell()

    def _dismiss_waiters(self) -> None:
        with self._mutex:
            dismissed, self._waiters = self._waiters, []
        for _, gate in dismissed:
            gate.release()

    def _tell(self) -> None:
        try:
            self._on_commit()
        except Exception:
            # A failing listener must not stop the journal.
            log.exception("a listener to commits failed")

    def _require_open(self) -> None:
        self._require_sound()
        if self._is_closed:
            raise JournalClosed(f"{self._segment.path}: the journal is closed")

    def _require_sound(self) -> None:
        if self._failure is not None:
            # Raise a new error for every caller: one shared by many threads would mix up their tracebacks.
            raise JournalFailed(self._failure.path, self._failure.cause) from self._failure.cause

    def _require_owner(self) -> None:
        """Refuse to work in a forked child: it has no committer thread, and its locks may stay locked for ever."""
        if os.getpid() != self._owner_pid:
            cause = PermissionError(
                f"the journal belongs to process {self._owner_pid}, this is its child {os.getpid()}"
            )
            raise JournalFailed(self._segment.path, cause)
