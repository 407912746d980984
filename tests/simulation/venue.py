"""A whole exchange on a simulated disk, in one thread: the parts that ``bootstrap`` joins, step by step."""

from collections.abc import Callable
from pathlib import Path

from order_engine.bootstrap.trading import Trading
from order_engine.exchange.applied import Applied
from order_engine.exchange.exchange import Submitted
from order_engine.exchange.retention import RetentionMode
from order_engine.exchange.state import ExchangeState
from order_engine.journal.archive import ARCHIVE_DIRECTORY
from order_engine.journal.committer import SyncMode
from order_engine.journal.record import Record
from order_engine.journal.segments import list_segments
from order_engine.journal.watermark import MemoryWatermark
from order_engine.settings import Settings
from tests.fakes.fake_clock import FakeClock
from tests.fakes.memory_database import MemoryDatabase
from tests.fakes.simulated_disk import SimulatedDisk
from tests.simulation.followers import SimulatedFollowers
from tests.simulation.workload import Request

DATA = Path("/exchange/data")
SEGMENT_BYTES_MAX = 2_000
SETTINGS = Settings.from_environment({})._replace(
    data_dir=DATA, archive_dir=DATA / ARCHIVE_DIRECTORY, journal_segment_bytes=SEGMENT_BYTES_MAX
)


class SimulatedVenue:
    """Recovers and opens when it is made. ``records`` has the journal's records, then those appended."""

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
        on_commit: Callable[[], object] = lambda: None,
    ) -> None:
        self.disk, self.database, self.sync = disk, database, sync
        self.noted_sequence = 0
        settings = SETTINGS._replace(journal_sync=sync, journal_retention=retention)
        disk.make_directory(DATA)
        trading = Trading(settings, disk, clock, note=self._note, on_commit=on_commit)
        self.recovery, self.exchange = trading.recovery, trading.exchange
        self.progress, self.retention = trading.progress, trading.retention
        recovered = self.recovery.latest()
        self.state, end, self.snapshot_sequence = recovered
        self.torn, self.recovered_sequence = end.torn, end.last_sequence
        self.records = records
        if retention is RetentionMode.REMOVE:
            records[:] = [record for record in records if record.last_sequence <= end.last_sequence]
        elif reads_all:
            records[:] = self.recovery._new_reader().records()
        if end.header is None:
            database.require_unused()
        _watch(self.state, records.append)
        self.watermark = MemoryWatermark(end.last_sequence)
        self.journal = trading.open(recovered, self.watermark)
        self.followers = SimulatedFollowers(self)

    def submit(self, request: Request) -> Submitted:
        """Submit, and commit what was appended."""
        answer = self.submit_parked(request)
        self.commit()
        return answer

    def submit_parked(self, request: Request) -> Submitted:
        """Submit; the response may be sent once ``noted_sequence`` is visible."""
        self.noted_sequence = 0
        return self.exchange.submit(request.commands, request.retry)

    def commit(self) -> None:
        """Do the committer's steps until it has nothing to do, unless one is in progress."""
        while not self.journal._writing.locked() and self.journal.commit():
            pass

    def close(self, *, finishes: bool) -> None:
        """Stop in good order, as ``Venue.close`` does; the followers may be too slow for the grace."""
        self.exchange.close()
        if finishes:
            self.followers.want_snapshot(self.journal.synced_sequence)
            self.followers.settle()
        self.followers.end()
        self.retention.tend()

    def abandon(self) -> None:
        """Stop as a killed process does."""
        self.followers.end()

    def replayed(self) -> tuple[ExchangeState, list[Applied]]:
        """Replay the journal on the disk from its beginning."""
        state = ExchangeState()
        return state, [state.apply(record) for record in self.recovery._new_reader().records()]

    def archived_count(self) -> int:
        """Return how many segments have left the journal's directory for the archive."""
        if not self.disk.has_directory(self.recovery.archive_directory):
            return 0
        return len(list_segments(self.recovery.archive_directory, self.disk))

    def _note(self, sequence: int) -> None:
        self.noted_sequence = max(self.noted_sequence, sequence)


def _watch(state: ExchangeState, see: Callable[[Record], object]) -> None:
    """Keep each applied record."""
    apply = state.apply

    def apply_seen(record: Record, may_go_on: Callable[[], bool] = lambda: True) -> Applied:
        # The processor's time, which may cut a batch, would make a seed do different things on different machines.
        del may_go_on
        see(record)
        return apply(record)

    state.apply = apply_seen  # type: ignore[method-assign]  # there is no other way to see what timers do
