"""``JOURNAL_RETENTION=remove``: the journal still has what database and audit log lose in a power cut."""

import sqlite3
from collections import Counter
from random import Random

from order_engine.database.checkpoint import read_checkpoint
from order_engine.exchange.retention import RetentionMode
from order_engine.exchange.snapshots import snapshot_sequence
from order_engine.exchange.state import ExchangeState, state_hash
from order_engine.followers.audit.check import AuditCheck, Together
from order_engine.followers.audit.files import AUDIT_DIRECTORY
from order_engine.followers.progress import SQL
from order_engine.followers.sql.projection_check import ProjectionCheck
from order_engine.journal.segments import list_segments
from tests.fakes.fake_clock import FakeClock
from tests.fakes.memory_database import MemoryDatabase
from tests.fakes.simulated_disk import SimulatedDisk
from tests.simulation.crashes import SOME_PERCENT
from tests.simulation.scenario import Moment, Scenario
from tests.simulation.venue import DATA, SimulatedVenue
from tests.simulation.workload import RequestSource

REMOVE = RetentionMode.REMOVE
STEP_COUNT = 100
REQUESTS_PER_SNAPSHOT = 9
STEPS_PER_SNAPSHOT = 12


def test_power_cut_never_takes_back_what_only_a_removed_segment_had(
    seed: int, database: MemoryDatabase, figures: Counter[str]
) -> None:
    moments: list[Moment] = []
    scenario = Scenario(6_200 + seed, database, moments.append, step_count=STEP_COUNT, retention=REMOVE)
    scenario.run()
    count = 0
    database.watcher = lambda place: None

    for moment in moments[::7]:
        commits = moment.commits_after_power_cut
        for commit in dict.fromkeys((commits[0], commits[-1])):
            database.restore(commit)
            disk = moment.disk.after_power_cut(Random(moment.number), SOME_PERCENT)
            venue = SimulatedVenue(disk, database, FakeClock(moment.now_ns), list(moment.records), retention=REMOVE)
            count += list_segments(venue.recovery.journal_directory, disk)[0].first_sequence > 1
            assert_all_is_projected(venue)
            for name, sequence in moment.covered.items():
                opened_at = venue.followers.opened_at[name]
                assert opened_at >= sequence, f"{name} lost what it had reported to be on disk"
            venue.abandon()

    figures.update(scenario.figures)
    figures["power cut after segments were removed"] += count
    assert count >= 15


def assert_all_is_projected(venue: SimulatedVenue) -> None:
    """Require that state, rows and audit log match all records, also those removed from the journal."""
    venue.followers.settle()
    state = ExchangeState()
    with venue.database.engine.connect() as connection:
        checkpoint = read_checkpoint(connection)
        assert checkpoint is not None
        log = AuditCheck(DATA / AUDIT_DIRECTORY, venue.disk)
        projections = Together([ProjectionCheck(connection, checkpoint), log])
        projections.check_journal(venue.journal.journal_id)
        for record in venue.records:
            projections.follow(state.apply(record))
        projections.finish(state.sequence)
    assert checkpoint.sequence == log.counts.compared == venue.state.sequence
    assert state_hash(state.dump()) == state_hash(venue.state.dump())


def test_sink_that_lags_behind_many_snapshots_finds_the_one_and_the_segments_that_it_needs(
    seed: int, database: MemoryDatabase
) -> None:
    venue = SimulatedVenue(SimulatedDisk(), database, FakeClock(), [], retention=REMOVE)
    requests = RequestSource(Random(seed))
    trade_and_retire(venue, requests, 6)
    venue.followers.settle()

    database.watcher = refuse
    trade_and_retire(venue, requests, 6)
    database.watcher = lambda place: None
    lagging_sequence, oldest = venue.progress.of(SQL).sequence, venue.recovery.files.paths_newest_first()[-1]
    venue.followers.settle()

    assert snapshot_sequence(oldest) <= lagging_sequence < venue.journal.visible_sequence
    assert list_segments(venue.recovery.journal_directory, venue.disk)[0].first_sequence > 1
    assert_all_is_projected(venue)
    venue.abandon()


def test_sink_that_never_wrote_keeps_every_segment(seed: int, database: MemoryDatabase) -> None:
    venue = SimulatedVenue(SimulatedDisk(), database, FakeClock(), [], retention=REMOVE)
    database.watcher = refuse
    trade_and_retire(venue, RequestSource(Random(seed)), 6)
    database.watcher = lambda place: None

    venue.followers.settle()

    assert list_segments(venue.recovery.journal_directory, venue.disk)[0].first_sequence == 1
    assert_all_is_projected(venue)
    venue.abandon()


def trade_and_retire(venue: SimulatedVenue, requests: RequestSource, times: int) -> None:
    for _ in range(times):
        for _ in range(REQUESTS_PER_SNAPSHOT):
            venue.submit(requests.draw())
        venue.followers.want_snapshot(venue.exchange.sync())
        for _ in range(STEPS_PER_SNAPSHOT):
            venue.followers.step()
        venue.retention.tend()


def refuse(place: str) -> None:
    raise sqlite3.OperationalError("database is locked")
