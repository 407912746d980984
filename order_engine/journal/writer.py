"""Writing the journal: append to a buffer, then wait until it is durable (group commit).

``append`` does no I/O and may be called under the exchange's lock. The first thread that waits writes and syncs
everything appended so far, in one frame, for all who wait. After one failed write or fsync nothing is ever accepted
again: what the disk holds is uncertain, and only reading it back at the next start can tell.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread

from order_engine.journal.committer import FRAME_BYTES_MAX, SEGMENT_BYTES_MAX, SyncMode
from order_engine.journal.disk import Disk
from order_engine.journal.errors import JournalClosed, JournalFailed, JournalGap
from order_engine.journal.reader import JournalEnd
from order_engine.journal.record import Record, encode_record
from order_engine.journal.segment_appender import SegmentAppender
from order_engine.journal.waiters import Waiter, Waiters

__all__ = ["SEGMENT_BYTES_MAX", "JournalWriter", "SyncMode"]

_NEVER = sys.maxsize


class JournalWriter:
    """Appends to the journal that ends at ``end``; ``journal_id`` names it if it has no segment yet.

    ``on_failure`` is called once, by the thread that met the failure.
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
        sync: SyncMode = SyncMode.ALWAYS,
        sync_interval_ms: int = 100,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
        on_failure: Callable[[JournalFailed], None] | None = None,
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
        self._sync_mode = sync
        self._on_failure = on_failure
        self._owner_pid = os.getpid()
        # The mutex guards all that follows and is never held across I/O.
        self._mutex = Lock()
        self._waiters = Waiters()
        self._buffer: list[tuple[int, bytes]] = []
        self._buffer_bytes = 0
        self._appended_sequence = end.last_sequence
        self._durable_sequence = end.last_sequence
        self._failure: JournalFailed | None = None
        self._is_closed = False
        self._is_finished = False
        self._stopping = Event()
        self._syncer: Thread | None = None
        if sync is SyncMode.INTERVAL:
            self._syncer = Thread(
                target=self._sync_at_intervals, args=(sync_interval_ms,), name="journal-sync", daemon=True
            )
            self._syncer.start()

    @property
    def journal_id(self) -> str:
        """The name of this journal, the same in all its segments."""
        return self._segment.journal_id

    @property
    def appended_sequence(self) -> int:
        """The last sequence appended, durable or not."""
        return self._appended_sequence

    @property
    def durable_sequence(self) -> int:
        """The last sequence that is durable."""
        return self._durable_sequence

    @property
    def failure(self) -> JournalFailed | None:
        """Why the journal stopped, or None."""
        return self._failure

    def append(self, record: Record) -> None:
        """Put a record into the buffer; its sequence must follow the last."""
        line = encode_record(record)
        with self._mutex:
            self._require_open()
            if record.sequence != self._appended_sequence + 1 or not record.commands:
                raise JournalGap(
                    f"{self._segment.path}: expected a record of sequence {self._appended_sequence + 1}, "
                    f"found {len(record.commands)} commands from sequence {record.sequence}"
                )
            self._appended_sequence = record.last_sequence
            self._buffer.append((record.last_sequence, line))
            self._buffer_bytes += len(line) + 1

    def wait_durable(self, sequence: int) -> None:
        """Return once ``sequence`` is durable; raise ``JournalFailed`` if it cannot become so."""
        if sequence <= self._durable_sequence:
            return
        if sequence > self._appended_sequence:
            raise JournalGap(f"nothing of sequence {sequence} was appended, the last is {self._appended_sequence}")
        while self._must_lead(sequence):
            self._lead(self._commit)

    def wait_beyond(self, sequence: int, timeout: float | None = None) -> int:
        """Return the durable sequence once it is past ``sequence``; or as it is, on time-out, failure or close."""
        with self._mutex:
            if self._durable_sequence > sequence or self._is_finished or self._failure is not None:
                return self._durable_sequence
            waiter = self._waiters.enlist(sequence + 1, may_lead=False)
        self._sleep(waiter, timeout)
        return self._durable_sequence

    def sync(self) -> None:
        """Return once all that was written is on disk, whatever the mode."""
        self._require_sound()
        try:
            self._segment.sync()
        except OSError as error:
            self._fail(error)
            self._require_sound()

    def close(self) -> None:
        """Commit, sync and release the files; raise ``JournalFailed`` if that fails. Later appends are refused."""
        with self._mutex:
            if self._is_closed:
                return
            self._is_closed = True
        self._stopping.set()
        if self._syncer is not None:
            self._syncer.join()
        try:
            if self._must_lead(_NEVER):
                self._lead(self._commit_and_sync)
            self._require_sound()
        finally:
            self._is_finished = True
            self._release_unless_led()

    def _release_unless_led(self) -> None:
        """Release the closed journal's file and its watchers; a leader that is still at work does it when it ends."""
        with self._mutex:
            if self._waiters.is_led:
                return
            woken = self._waiters.dismiss()
        self._segment.close()
        _wake(woken)

    def _require_open(self) -> None:
        self._require_sound()
        if self._is_closed:
            raise JournalClosed(f"{self._segment.path}: the journal is closed")

    def _require_sound(self) -> None:
        if self._failure is not None:
            # Every caller gets an error of its own: one shared by many threads would mix up their tracebacks.
            raise JournalFailed(self._failure.path, self._failure.cause) from self._failure.cause

    def _must_lead(self, sequence: int) -> bool:
        """Sleep until the sequence is durable (False) or it is this thread's turn to write (True)."""
        while True:
            with self._mutex:
                if sequence <= self._durable_sequence:
                    return False
                self._require_sound()
                waiter = self._waiters.lead_or_enlist(sequence)
            if waiter is None:
                return True
            self._sleep(waiter)
            if waiter.leads:
                return True

    def _sleep(self, waiter: Waiter, timeout: float | None = None) -> None:
        """Return once woken, or on time-out."""
        try:
            woken = waiter.sleep(timeout)
        except BaseException:
            # An interrupted thread must not take a leadership with it that it was just given.
            if self._give_up(waiter) and waiter.leads:
                self._lead(lambda: None)
            raise
        if not woken:
            self._give_up(waiter)

    def _give_up(self, waiter: Waiter) -> bool:
        """Withdraw a waiter; True if it was woken at that very moment, so that it still has to do its part."""
        with self._mutex:
            if not waiter.awake:
                self._waiters.withdraw(waiter)
            return waiter.awake

    def _lead(self, work: Callable[[], None]) -> None:
        """Do the work that one thread at a time may do, then wake who waited for it and hand the leadership on."""
        try:
            work()
        except BaseException as error:
            # An interrupt in the middle of a write leaves as much doubt as an error of the disk.
            self._fail(error)
            if not isinstance(error, OSError):
                raise
        finally:
            with self._mutex:
                if self._failure is None:
                    self._durable_sequence = self._segment.written_sequence
                woken = self._waiters.hand_over(self._durable_sequence)
            _wake(woken)
            if self._is_finished:
                self._release_unless_led()

    def _fail(self, cause: BaseException) -> None:
        with self._mutex:
            if self._failure is not None:
                return
            failure = self._failure = JournalFailed(self._segment.path, cause)
            woken = self._waiters.dismiss()
        _wake(woken)
        if self._on_failure is not None:
            self._on_failure(failure)

    def _commit(self) -> None:
        """Write what is in the buffer, and sync it if the mode says so."""
        if os.getpid() != self._owner_pid:
            raise PermissionError(f"the journal belongs to process {self._owner_pid}, this is its child {os.getpid()}")
        lines, last_sequence = self._take()
        if not lines:
            return
        always = self._sync_mode is SyncMode.ALWAYS
        self._segment.append(b"\n".join(lines) + b"\n", last_sequence, synced_next=always)
        if always:
            self._segment.sync()

    def _take(self) -> tuple[list[bytes], int]:
        """Take the buffer, or as much of its beginning as fits in one frame."""
        with self._mutex:
            if self._buffer_bytes <= FRAME_BYTES_MAX:
                taken, self._buffer, self._buffer_bytes = self._buffer, [], 0
            else:
                taken = self._split_buffer()
        return [line for _, line in taken], taken[-1][0] if taken else 0

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

    def _commit_and_sync(self) -> None:
        while self._buffer:
            self._commit()
        self._segment.sync()

    def _sync_at_intervals(self, interval_ms: int) -> None:
        while not self._stopping.wait(interval_ms / 1000):
            try:
                self._segment.sync()
            except OSError as error:
                self._fail(error)
                return


def _wake(waiters: list[Waiter]) -> None:
    for waiter in waiters:
        waiter.gate.release()
