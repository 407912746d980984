"""The exchange's threads as steps that a test takes itself: the same code, in an order that a seed decides."""

from collections.abc import Callable

from order_engine.journal.record import Record
from order_engine.journal.writer import JournalWriter
from order_engine.persistence.database import Database
from order_engine.persistence.projection_queue import ProjectionQueue
from order_engine.persistence.projector import History, ProjectionPace, Projector
from order_engine.service.applied import Applied
from order_engine.service.event_bus import EventBus

OUTAGES_MAX = 10
# Small batches, so that a crash finds the tables at many sequences.
SMALL_BATCHES = ProjectionPace(batch_events_max=8)


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

    def wait_durable(self, sequence: int, timeout: float | None = None) -> None:
        if self.holds and sequence > self.durable_sequence:
            raise StillWaiting
        super().wait_durable(sequence, timeout)

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


def _raise(fault: Exception) -> None:
    raise fault
