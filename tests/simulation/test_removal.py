"""``JOURNAL_RETENTION=remove``: what a power cut takes back of database and audit log, the journal still has."""

from collections import Counter
from random import Random

from order_engine.database.checkpoint import read_checkpoint
from order_engine.exchange.retention import RetentionMode
from order_engine.exchange.state import ExchangeState, state_hash
from order_engine.followers.audit.check import AuditCheck, Together
from order_engine.followers.audit.files import AUDIT_DIRECTORY
from order_engine.followers.sql.projection_check import ProjectionCheck
from order_engine.journal.segments import list_segments
from tests.fakes.fake_clock import FakeClock
from tests.fakes.memory_database import MemoryDatabase
from tests.simulation.crashes import SOME_PERCENT
from tests.simulation.scenario import Moment, Scenario
from tests.simulation.venue import DATA, SimulatedVenue

REMOVE = RetentionMode.REMOVE
STEP_COUNT = 70


def test_power_cut_never_takes_back_what_only_a_removed_segment_had(
    seed: int, database: MemoryDatabase, figures: Counter[str]
) -> None:
    moments: list[Moment] = []
    Scenario(6_000 + seed, database, moments.append, step_count=STEP_COUNT, retention=REMOVE).run()
    count = 0
    database.watcher = lambda place: None

    for moment in moments[::8]:
        commits = moment.commits_after_power_cut
        for commit in dict.fromkeys((commits[0], commits[-1])):
            database.restore(commit)
            disk = moment.disk.after_power_cut(Random(moment.number), SOME_PERCENT)
            venue = SimulatedVenue(disk, database, FakeClock(moment.now_ns), list(moment.records), retention=REMOVE)
            count += list_segments(venue.recovery.journal_directory, disk)[0].first_sequence > 1
            assert_all_is_projected(venue, moment)
            venue.abandon()

    figures["power cut after segments were removed"] += count
    assert count >= 15


def assert_all_is_projected(venue: SimulatedVenue, moment: Moment) -> None:
    """State, rows and audit log are what all records lead to, those included that the journal has no more."""
    venue.followers.settle()
    for name, sequence in moment.covered.items():
        assert venue.followers.opened_at[name] >= sequence, f"{name} lost what it had reported to be on disk"
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
