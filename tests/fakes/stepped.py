"""The exchange's threads as steps that a test takes itself: the same code, in an order that a seed decides."""

from collections.abc import Callable
from contextlib import suppress

from order_engine.database.database import Database
from order_engine.exchange.applied import Applied
from order_engine.exchange.event_bus import EventBus
from order_engine.followers.audit.log import AuditLog
from order_engine.followers.audit.recorder import AuditPace, AuditRecorder
from order_engine.followers.sql.projection_queue import ProjectionQueue
from order_engine.followers.sql.projector import History, ProjectionPace, Projector
from order_engine.journal.record import Record
from order_engine.journal.writer import JournalWriter

OUTAGES_MAX = 10
STEPS_MAX = 10_000
# Small batches, so that a crash finds the tables at many sequences.
SMALL_BATCHES = ProjectionPace(batch_events_max=8)
# Nothing is synced because time has passed, only when there is nothing to write.
SYNC_WHEN_IDLE = AuditPace(batch_records_max=3, sync_seconds=3_600)


class NeverStarted:
    """Stands where a thread would."""

    ident = None

    def start(self) -> None:
        """Do nothing: the test takes the steps."""

    def join(self, timeout: float | None = None) -> None:
        """Return: there is nothing to wait for."""

    def is_alive(self) -> bool:
        return False


class StillWaiting(BaseException):
    """Where a thread would sleep until another has written its record. No error: nothing may catch it as one."""


class SteppedJournal(JournalWriter):
    """A journal whose waiting threads can be held, so that one commit serves several; tells of each append."""

    holds = False
    on_append: Callable[[Record], None]

    def append(self, record: Record) -> None:
        super().append(record)
        self.on_append(record)

    def wait_durable(self, sequence: int) -> None:
        if self.holds and sequence > self.durable_sequence:
            raise StillWaiting
        super().wait_durable(sequence)

    def abandon(self) -> None:
        """End the thread that syncs, as the end of a process does; nothing is written."""
        self._stopping.set()
        if self._syncer is not None:
            self._syncer.join()


class SteppedBus(EventBus):
    """An event bus that publishes when it is told to. ``latest`` is what was enqueued last."""

    latest: Applied

    def start(self) -> None:
        pass

    def enqueue(self, applied: Applied) -> None:
        super().enqueue(applied)
        self.latest = applied

    def publish(self) -> None:
        """Publish what is durable by now."""
        self._publish_up_to(self._journal.durable_sequence)

    def join(self) -> None:
        self.publish()


class _ReadyQueue(ProjectionQueue):
    """Hands over what is there, and nothing when there is nothing."""

    outages = 0

    def wait_for_batch(self, event_count_max: int, pause_seconds: float, breath_seconds: float) -> list[Applied]:
        return self._first_items(event_count_max)

    def pause(self, seconds: float) -> None:
        self.outages += 1
        assert self.outages <= OUTAGES_MAX, "the projector does not get over its outage"


class SteppedProjector(Projector):
    """A projector that writes when it is told to."""

    def __init__(self, database: Database, history: History) -> None:
        super().__init__(database, history, _raise, SMALL_BATCHES)
        self._queue = _ReadyQueue()
        self._thread = NeverStarted()  # type: ignore[assignment]  # stands where the thread would

    def project(self) -> None:
        """Write all that was published and what the journal has beyond the tables, through outages."""
        self._queue.outages = 0  # type: ignore[attr-defined]  # the queue made above
        self._project_through_outages()

    def abandon(self) -> None:
        """Drop the connection, as the end of a process does."""
        self._store.close()


class SteppedRecorder(AuditRecorder):
    """A recorder that writes when it is told to. ``opened_at`` is what it found on the disk when it began."""

    opened_at: int | None = None

    def __init__(self, audit_log: AuditLog, history: History) -> None:
        super().__init__(audit_log, history, SYNC_WHEN_IDLE)
        self._thread = NeverStarted()  # type: ignore[assignment]  # stands where the thread would
        self._is_following = False
        self._steps = 0

    def record(self, steps: int = STEPS_MAX) -> None:
        """Write what was published, a batch a step, then sync; a disk that fails is tried again the next time."""
        self._steps = steps
        with suppress(StillWaiting):
            self._record()
            self._is_following = False

    def abandon(self) -> None:
        """Let go of the file, as the end of a process does."""
        self._log.close()

    def _open(self) -> None:
        if not self._is_following:
            super()._open()
            self._is_following = True
            if self.opened_at is None:
                self.opened_at = self.durable_sequence

    def _next_batch(self) -> list[Applied]:
        is_idle = not self._queue and self._log.synced_sequence == self._log.last_sequence
        if is_idle or self._steps == 0:
            raise StillWaiting
        self._steps -= 1
        return super()._next_batch()

    def _sleep(self, wake_at: int, seconds: float | None) -> None:
        """Do not: what is not there yet comes with a later step."""


def _raise(fault: Exception) -> None:
    raise fault
