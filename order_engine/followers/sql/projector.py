"""The projector: a thread that turns what happened into rows, exactly once, and never in the way of trading.

The journal is the truth; the tables follow it. Whatever the database lacks when it is first reached (because it was
down, empty, or older than the snapshot that recovery began from) is read from the journal again. When the database goes
away, the queue waits for it.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from typing import NamedTuple

from order_engine.database.database import Database
from order_engine.database.errors import DatabaseRefused, DatabaseUnavailable, HistoryIncomplete
from order_engine.exchange.applied import Applied
from order_engine.followers.sql.projection_queue import ProjectionQueue
from order_engine.followers.sql.projection_store import ProjectionStore

log = logging.getLogger(__name__)

History = Callable[[int, int], Iterable[Applied]]


class ProjectionPace(NamedTuple):
    """How large batches may be, how long to wait for more, and how long for a database that is away."""

    batch_events_max: int = 2_000
    pause_seconds: float = 0.1
    breath_seconds: float = 0.005
    retry_seconds_first: float = 0.1
    retry_seconds_max: float = 5.0


class Progress(NamedTuple):
    """The sequence that the tables are at, of the one that they are to reach."""

    at: int
    of: int


class Projector:
    """Writes what is published to ``database``.

    ``history(after_sequence, until_sequence)`` must hand over every record in between from the journal.
    ``on_halt`` hears of a fault that no waiting mends; after it nothing is written any more.
    """

    def __init__(
        self,
        database: Database,
        history: History,
        on_halt: Callable[[Exception], None],
        pace: ProjectionPace = ProjectionPace(),  # noqa: B008 - immutable
    ) -> None:
        self._database = database
        self._store = ProjectionStore(database)
        self._history = history
        self._on_halt = on_halt
        self._pace = pace
        self._queue = ProjectionQueue()
        self._thread = Thread(target=self._run, name="projector", daemon=True)
        self._status = "starting"
        self._journal_id = ""
        self._journal_end = 0
        self._durable_sequence = 0

    def require_unused(self) -> None:
        """Raise ``ForeignCheckpoint`` if the database is known to belong to a journal already; change nothing."""
        try:
            self._store.require_unused()
        except DatabaseUnavailable as unavailable:
            self._report(unavailable)

    def start(self, journal_id: str, journal_end: int) -> None:
        """Begin to project the journal that ends at ``journal_end``; what is published later comes after that.

        Raises a ``ProjectionFault`` when the database belongs to another journal or is ahead of this one. A database
        that is down is no reason not to start.
        """
        self._journal_id, self._journal_end = journal_id, journal_end
        try:
            self._open()
        except DatabaseUnavailable as unavailable:
            self._report(unavailable)
        self._thread.start()

    def publish(self, applied: Applied) -> None:
        """Take a record that is on disk; never blocks."""
        self._queue.put(applied)

    def wait_projected(self, sequence: int, timeout_seconds: float) -> bool:
        """Wait until the tables show ``sequence``; False when that takes too long or the database is away."""
        return self._queue.wait_settled(sequence, timeout_seconds)

    def harden(self) -> int:
        """See to it that no power cut takes back what the tables have; return up to which sequence that is so.

        While the database is away that is what it was before.
        """
        at = self._queue.projected_sequence
        if at != self._durable_sequence:
            try:
                with self._database.translated(), self._database.engine.connect() as connection:
                    self._database.sync(connection)
            except DatabaseUnavailable as unavailable:
                log.warning("what the database has is not known to be on disk: %s", unavailable)
            else:
                self._durable_sequence = at
        return self._durable_sequence

    def close(self, timeout_seconds: float = 10.0) -> bool:
        """Write what is in the queue, then stop; False when that is not done in time (the journal has it all)."""
        self._queue.close()
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    @property
    def status(self) -> str:
        """``ok``, or what is the matter."""
        return self._status

    @property
    def lag(self) -> int:
        """Events that are published and not yet in the tables."""
        return self._queue.event_count

    @property
    def progress(self) -> Progress:
        """How far the tables are, of how far the journal is known to be."""
        return Progress(self._queue.projected_sequence, self._known_end())

    def _known_end(self) -> int:
        return max(self._journal_end, self._queue.published_sequence)

    def _run(self) -> None:
        try:
            self._project_through_outages()
        except Exception as fault:
            # Whatever it is: the thread ends here, and somebody must hear of it.
            log.exception("the projection halts")
            self._status = f"halted: {type(fault).__name__}: {fault}"
            self._queue.report_trouble()
            self._on_halt(fault)
        finally:
            self._store.close()

    def _project_through_outages(self) -> None:
        delay = self._pace.retry_seconds_first
        reached = self._queue.projected_sequence
        while True:
            try:
                self._project()
                return
            except DatabaseUnavailable as unavailable:
                self._report(unavailable)
                if isinstance(unavailable, DatabaseRefused):
                    delay = self._pace.retry_seconds_max
                elif self._queue.projected_sequence > reached:
                    delay, reached = self._pace.retry_seconds_first, self._queue.projected_sequence
            if self._queue.closing:
                return
            self._queue.pause(delay)
            delay = min(2 * delay, self._pace.retry_seconds_max)

    def _project(self) -> None:
        if not self._store.is_open:
            self._open()
        if not self._catch_up(self._journal_end):
            return
        pace = self._pace
        while batch := self._queue.wait_for_batch(pace.batch_events_max, pace.pause_seconds, pace.breath_seconds):
            if not self._catch_up(batch[0].record.sequence - 1):
                return
            self._write(batch)

    def _open(self) -> None:
        self._queue.settle(self._store.open(self._journal_id, self._known_end()))

    def _catch_up(self, until_sequence: int) -> bool:
        """Fill the gap between tables and queue from the journal, mostly none; False when interrupted by the end."""
        after_sequence = self._queue.projected_sequence
        if after_sequence >= until_sequence:
            self._status = "ok"
            return True
        self._status = f"catching up from the journal: {after_sequence} to {until_sequence}"
        log.info("the projection catches up from the journal: after %d, until %d", after_sequence, until_sequence)
        for batch in batches(self._history(after_sequence, until_sequence), self._pace.batch_events_max):
            self._write(batch)
            if self._queue.closing:
                return False
        found = self._queue.projected_sequence
        if found != until_sequence:
            raise HistoryIncomplete(f"the journal's history: expected it to reach {until_sequence}, found {found}")
        self._status = "ok"
        return True

    def _write(self, batch: list[Applied]) -> None:
        expected, found = self._queue.projected_sequence + 1, batch[0].record.sequence
        if found != expected:
            raise HistoryIncomplete(f"the projection: expected sequence {expected}, found {found}")
        self._queue.settle(self._store.write(batch))

    def _report(self, unavailable: DatabaseUnavailable) -> None:
        self._store.close()
        self._status = str(unavailable)
        if isinstance(unavailable, DatabaseRefused):
            log.error("the projection stands still until this is mended: %s", unavailable)
        else:
            log.warning("the projection waits for the database: %s", unavailable)
        self._queue.report_trouble()


def batches(records: Iterable[Applied], event_count_max: int) -> Iterator[list[Applied]]:
    """Split records into batches of at least that many events, but for the last."""
    batch: list[Applied] = []
    count = 0
    for applied in records:
        batch.append(applied)
        count += sum(map(len, applied.events))
        if count >= event_count_max:
            yield batch
            batch, count = [], 0
    if batch:
        yield batch
