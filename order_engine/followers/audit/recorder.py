"""The recorder: a thread that writes the audit log as things happen, and never in the way of trading.

The log follows the journal as the database does. What it lacks when it is opened, and what its queue had no room for
while its disk was slow or failed, it reads from the journal again. A disk that fails is tried again; damage is not
written over: the log then stands still, and ``/health`` says why.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from threading import Condition, Thread
from time import monotonic
from typing import NamedTuple

from order_engine.exchange.applied import Applied
from order_engine.followers.audit.errors import AuditForeign, AuditIncomplete
from order_engine.followers.audit.log import AuditLog
from order_engine.journal.errors import JournalUnreadable

log = logging.getLogger(__name__)

History = Callable[[int, int], Iterable[Applied]]


class AuditPace(NamedTuple):
    """How much is written at a time, how long to wait for it, how often to sync, and how long for a failed disk."""

    batch_records_max: int = 400
    queue_records_max: int = 50_000
    pause_seconds: float = 0.2
    sync_seconds: float = 1.0
    retry_seconds: float = 5.0


class AuditRecorder:
    """Writes what is published to ``audit_log``; ``history`` hands over what happened between two sequences."""

    def __init__(
        self,
        audit_log: AuditLog,
        history: History,
        pace: AuditPace = AuditPace(),  # noqa: B008 -- immutable
    ) -> None:
        self._log = audit_log
        self._history = history
        self._pace = pace
        self._journal_id = ""
        self._status = "starting"
        self._closing = False
        self._wanted = Condition()
        self._queue: deque[Applied] = deque()
        self._wake_at = 1
        self._journal_end = 0
        self._published_sequence = 0
        self._is_ours = False
        self._synced_at = 0.0
        self._durable_sequence = 0
        self._thread = Thread(target=self._run, name="audit", daemon=True)

    @property
    def status(self) -> str:
        """``ok``, or what is the matter."""
        return self._status

    @property
    def durable_sequence(self) -> int:
        """The last command whose entry is on disk."""
        return self._durable_sequence

    def start(self, journal_id: str, journal_end: int) -> None:
        """Begin to follow the journal that ends at ``journal_end``; what is published later comes after that."""
        self._journal_id, self._journal_end, self._published_sequence = journal_id, journal_end, journal_end
        self._thread.start()

    def publish(self, applied: Applied) -> None:
        """Take a record that is on disk; never blocks."""
        queue = self._queue
        with self._wanted:
            if self._closing:
                return
            self._published_sequence = applied.record.last_sequence
            if len(queue) >= self._pace.queue_records_max:
                queue.clear()
            queue.append(applied)
            if len(queue) == self._wake_at:
                self._wanted.notify()

    def close(self, timeout_seconds: float = 10.0) -> bool:
        """Write what is in the queue, then stop; False when that is not done in time (the journal has it all)."""
        with self._wanted:
            self._closing = True
            self._wanted.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._record():
                with self._wanted:
                    self._wanted.wait_for(lambda: self._closing, self._pace.retry_seconds)
        except Exception as error:
            # Whatever it is: trading goes on without the log, and an operator must hear of it.
            log.exception("the audit log stands still")
            self._status = f"halted: {type(error).__name__}: {error}"
        finally:
            self._log.close()
            self._closing = True
            self._queue.clear()

    def _record(self) -> bool:
        """Follow until the end; False if the disk failed and is to be tried again."""
        try:
            self._open()
            while self._catch_up():
                batch = self._next_batch()
                if not batch and self._closing:
                    break
                self._write(batch)
            self._sync()
        except (OSError, JournalUnreadable) as error:
            self._status = f"waits for its disk: {type(error).__name__}: {error}"
            log.warning("the audit log %s", self._status)
            return self._closing
        return True

    def _open(self) -> None:
        found = self._log.open(self._journal_id)
        self._durable_sequence = found
        # Since the start as many commands may have been published as the journal lacks. Later on, all there is is ours.
        if not self._is_ours and found > self._journal_end:
            raise AuditForeign(
                f"the log goes to {found}, the journal ended at {self._journal_end}: commands are missing from "
                "the journal; restore it, or move the log away to have it written anew"
            )
        self._is_ours = True
        self._synced_at = monotonic()

    def _catch_up(self) -> bool:
        """Write from the journal what was never in the queue; False if the end came first."""
        after = self._log.last_sequence
        with self._wanted:
            while self._queue and self._queue[0].record.last_sequence <= after:
                self._queue.popleft()
            until = self._queue[0].record.sequence - 1 if self._queue else self._published_sequence
        if after >= until:
            self._status = "ok"
            return True
        self._status = f"catching up from the journal: {after} to {until}"
        log.info("the audit log catches up from the journal: after %d, until %d", after, until)
        batch: list[Applied] = []
        for applied in self._history(after, until):
            batch.append(applied)
            if len(batch) >= self._pace.batch_records_max:
                self._write(batch)
                batch = []
                if self._closing:
                    return False
        self._write(batch)
        if self._log.last_sequence != until:
            raise AuditIncomplete(
                f"the journal's history: expected it to reach {until}, found {self._log.last_sequence}"
            )
        self._status = "ok"
        return True

    def _next_batch(self) -> list[Applied]:
        """Wait for something, then a little for more; nothing when it is time to sync, or closing."""
        pace, queue = self._pace, self._queue
        with self._wanted:
            is_synced = self._durable_sequence == self._log.last_sequence
            self._sleep(1, None if is_synced else pace.sync_seconds)
            if queue:
                self._sleep(pace.batch_records_max, pace.pause_seconds)
            if queue and queue[0].record.sequence != self._log.last_sequence + 1:
                return []
            return [queue.popleft() for _ in range(min(len(queue), pace.batch_records_max))]

    def _sleep(self, wake_at: int, seconds: float | None) -> None:
        self._wake_at = wake_at
        self._wanted.wait_for(lambda: self._closing or len(self._queue) >= wake_at, seconds)

    def _write(self, batch: list[Applied]) -> None:
        if batch:
            self._log.append(batch)
        if not batch or monotonic() - self._synced_at >= self._pace.sync_seconds:
            self._sync()

    def _sync(self) -> None:
        self._log.sync()
        self._synced_at = monotonic()
        self._durable_sequence = self._log.synced_sequence
