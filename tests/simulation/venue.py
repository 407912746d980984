"""A whole exchange on a simulated disk, in one thread: what ``bootstrap.Venue`` joins, joined in the same order."""

from contextlib import suppress
from pathlib import Path
from uuid import UUID

from order_engine.database.snapshot_copies import DatabaseSnapshotCopies
from order_engine.exchange.snapshotter import Snapshotter

from order_engine.database.snapshot_store import SnapshotStore
from order_engine.exchange.applied import Applied
from order_engine.exchange.errors import ExchangeHalted, SnapshotError
from order_engine.exchange.exchange import Answer, Exchange
from order_engine.exchange.recovery import Recovery
from order_engine.exchange.retention import Retention, RetentionMode
from order_engine.exchange.snapshots import Snapshot
from order_engine.exchange.state import ExchangeState
from order_engine.followers.audit.files import AUDIT_DIRECTORY
from order_engine.followers.audit.log import AuditLog
from order_engine.journal.reader import JournalEnd
from order_engine.journal.record import Record
from order_engine.journal.segments import list_segments
from order_engine.journal.writer import SyncMode
from order_engine.matching.commands import Configure
from order_engine.matching.engine import RULES_VERSION
from tests.fakes.memory_database import MemoryDatabase
from tests.fakes.simulated_disk import SimulatedDisk
from tests.fakes.stepped import (
    STEPS_MAX,
    SteppedBus,
    SteppedJournal,
    SteppedProjector,
    SteppedRecorder,
    StillWaiting,
)
from tests.simulation.workload import Request
from tests.unit.exchange.exchanges import FakeClock

DATA = Path("/exchange/data")
SEGMENT_BYTES_MAX = 2_000
AUDIT_SEGMENT_BYTES_MAX = 6_000
LAG_MAX = 1_000_000
HOUR_MS = 3_600_000


class SimulatedVenue:
    """Recovers when it is made, and is then open. ``records`` becomes what the journal has, then what is appended."""

    def __init__(
        self,
        disk: SimulatedDisk,
        database: MemoryDatabase,
        clock: FakeClock,
        records: list[Record],
        sync: SyncMode = SyncMode.ALWAYS,
        *,
        retention: RetentionMode = RetentionMode.ARCHIVE,
        reads_all: bool = True,
    ) -> None:
        self.disk, self.database, self._clock, self.sync = disk, database, clock, sync
        disk.make_directory(DATA)
        self._copies = DatabaseSnapshotCopies(SnapshotStore(database))
        self.recovery = Recovery(DATA, disk, self._copies)
        self.projector = SteppedProjector(database, self.recovery.history)
        audit_log = AuditLog(DATA / AUDIT_DIRECTORY, disk, AUDIT_SEGMENT_BYTES_MAX)
        self.audit = SteppedRecorder(audit_log, self.recovery.history)
        self.exchange = Exchange(clock, self.projector, LAG_MAX)
        self.retention = Retention(
            retention,
            self.recovery.journal_directory,
            self.recovery.archive_directory,
            disk,
            self.recovery.files,
            self._covered_sequence,
        )
        self.snapshotter = Snapshotter(self.exchange, self._advance_snapshot, self._copies, 0, self.retention.tend)
        self.state, end, self.snapshot_sequence = self.recovery.latest()
        self.torn = end.torn
        self.recovered_sequence = end.last_sequence
        self.records = records
        if retention is RetentionMode.REMOVE:
            records[:] = [record for record in records if record.last_sequence <= end.last_sequence]
        elif reads_all:
            records[:] = self.recovery._new_reader().records()
        if end.header is None:
            self.projector.require_unused()
        self.journal = self._new_journal(end)
        self.journal.on_append = records.append
        try:
            self.projector.start(self.journal.journal_id, end.last_sequence)
            self.audit.start(self.journal.journal_id, end.last_sequence)
            self._bus = SteppedBus(self.journal, [self.projector, self.audit], self.exchange.halt)
            self.exchange.open(self.state, self.journal, self._bus, Configure())
        except BaseException:
            self.journal.abandon()
            raise

    def _new_journal(self, end: JournalEnd) -> SteppedJournal:
        return SteppedJournal(
            self.recovery.journal_directory,
            self.disk,
            end=end,
            journal_id=UUID(int=self._clock.now).hex if end.header is None else end.header.journal_id,
            rules_version=RULES_VERSION,
            clock=self._clock.now_ns,
            sync=self.sync,
            sync_interval_ms=HOUR_MS,
            segment_bytes_max=SEGMENT_BYTES_MAX,
            on_failure=self.exchange.halt,
        )

    def submit(self, request: Request) -> Answer:
        """Submit as the only one who does."""
        return self.exchange.submit(request.commands, request.retry)

    def submit_held(self, request: Request) -> Applied | None:
        """Submit, but stop where a thread would wait for another's commit; None if it was not carried out at all."""
        self.journal.holds = True
        try:
            return self.exchange.submit(request.commands, request.retry).applied
        except StillWaiting:
            return self._bus.latest
        except ExchangeHalted:
            return None
        finally:
            self.journal.holds = False

    def finish(self, applied: Applied) -> Answer:
        """Go on where ``submit_held`` stopped."""
        self.exchange._wait_durable(applied.record.last_sequence)
        return Answer(applied, replayed=False)

    def project(self) -> None:
        """Publish what is durable, and write it."""
        self._bus.publish()
        self.projector.project()

    def record(self, steps: int = STEPS_MAX) -> None:
        """Publish what is durable, and write it into the audit log, as far as so many steps go."""
        self._bus.publish()
        self.audit.record(steps)

    def close(self) -> None:
        """Stop in good order, as ``Venue.close`` does."""
        state = self.exchange.close()
        self.projector.project()
        self.projector.abandon()
        self.audit.record()
        self.audit.abandon()
        if state is not None:
            with suppress(OSError, SnapshotError):
                self._copies.save(self.recovery.save(state, self._covered_sequence()))

    def abandon(self) -> None:
        """Leave everything as a killed process does."""
        self.journal.abandon()
        self.projector.abandon()
        self.audit.abandon()

    def replayed(self) -> list[Applied]:
        """Carry out again, from nothing, what the journal on the disk has."""
        state = ExchangeState()
        return [state.apply(record) for record in self.recovery._new_reader().records()]

    def archived_count(self) -> int:
        """Return how many segments have left the journal's directory for the archive."""
        if not self.disk.has_directory(self.recovery.archive_directory):
            return 0
        return len(list_segments(self.recovery.archive_directory, self.disk))

    def _advance_snapshot(self, sequence: int) -> Snapshot:
        return self.recovery.advance_snapshot(sequence, self._covered_sequence())

    def _covered_sequence(self) -> int:
        return min(self.projector.harden(), self.audit.durable_sequence)
