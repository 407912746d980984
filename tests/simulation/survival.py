"""The checks after every simulated restart, whatever the crash was."""

from collections import Counter
from collections.abc import Collection, Sequence

from order_engine.database.checkpoint import read_checkpoint
from order_engine.exchange.applied import Applied
from order_engine.exchange.exchange import Submitted
from order_engine.exchange.recovery import Recovery
from order_engine.exchange.state import state_hash
from order_engine.exchange.verification import Verification, stored_files
from order_engine.followers.audit.check import AuditCheck, Together
from order_engine.followers.audit.files import AUDIT_DIRECTORY
from order_engine.followers.progress import AUDIT, SQL
from order_engine.followers.sql.projection_check import ProjectionCheck
from order_engine.journal.committer import SyncMode
from order_engine.journal.record import Record
from tests.fakes.simulated_disk import SimulatedDisk
from tests.invariants import check_engine
from tests.simulation.scenario import Moment
from tests.simulation.venue import DATA, SimulatedVenue
from tests.simulation.workload import Request, is_told_again

# The status of a sink that is ahead of the journal begins with this.
AHEAD = ("CheckpointBeyondJournal", "AuditForeign")


def check_survival(
    venue: SimulatedVenue, moment: Moment, promised_sequence: int, may_be_ahead: Collection[str]
) -> Counter[str]:
    """Check an exchange that has recovered from ``moment``; count what was checked."""
    replayed_state, replayed = venue.replayed()
    survived = [applied for applied in replayed if applied.record.last_sequence <= venue.recovered_sequence]
    assert venue.recovered_sequence >= promised_sequence, (
        f"{promised_sequence} was promised, the journal ends at {venue.recovered_sequence}"
    )
    check_records(moment.records, [applied.record for applied in survived])
    kept = check_answers(moment.answered, survived)
    check_engine(venue.state.engine)
    assert list(venue.state.dump()) == list(replayed_state.dump()), (
        "snapshot and tail do not lead where the journal alone leads"
    )
    ending_count = len(venue.state.engine.endings.all_left())
    check_retries(venue, moment, kept)
    end_what_is_left(venue)
    ahead = catch_up(venue, moment, may_be_ahead)
    entry_count = check_projections(venue)
    return Counter(
        {
            "acknowledged answers checked": len(kept),
            "acknowledged orders checked": _order_count(kept),
            "audit entries checked": entry_count,
            "restarted with orders left to end": ending_count,
            **{f"{name} was ahead of the journal and replaced": 1 for name in ahead},
        }
    )


def recovered_records(disk: SimulatedDisk) -> list[Record]:
    """Recover without opening anything, and return the journal's records."""
    recovery = Recovery(DATA, disk)
    return [applied.record for applied in recovery.history(0, recovery.latest().end.last_sequence)]


def recorded_count(disk: SimulatedDisk) -> int:
    """Check the chain of the audit log from its beginning; return how many entries it has."""
    return AuditCheck(DATA / AUDIT_DIRECTORY, disk).read_alone().entries


def check_records(appended: Sequence[Record], survived: Sequence[Record]) -> None:
    """Require that every record was appended, in this order, without a gap, each whole or absent."""
    assert list(survived) == list(appended[: len(survived)])
    keys = Counter(record.retry.key for record in survived if record.retry is not None)
    assert all(count == 1 for count in keys.values()), f"carried out twice: {keys}"


def check_answers(
    answered: Sequence[tuple[Request, Applied]], survived: Sequence[Applied]
) -> list[tuple[Request, Applied]]:
    """Require that what was acknowledged is unchanged; return it without what a power cut may lose."""
    by_sequence = {applied.record.sequence: applied for applied in survived}
    kept = [(request, applied) for request, applied in answered if applied.record.sequence in by_sequence]
    for _, applied in kept:
        assert is_told_again(Submitted(applied, replayed=True), by_sequence[applied.record.sequence])
    return kept


def check_retries(venue: SimulatedVenue, moment: Moment, kept: Sequence[tuple[Request, Applied]]) -> None:
    """Let clients retry: an acknowledged request gets the same response, another is carried out once."""
    for request, applied in kept:
        if request.retry is not None:
            assert is_told_again(venue.submit(request), applied)
    for request in moment.waiting:
        if request.retry is not None:
            first = venue.submit(request)
            assert first.applied.record.commands == request.commands
            assert is_told_again(venue.submit(request), first.applied)
    keys = Counter(record.retry.key for record in venue.records if record.retry is not None)
    assert all(count == 1 for count in keys.values()), f"carried out twice: {keys}"


def end_what_is_left(venue: SimulatedVenue) -> None:
    """The exchange goes on by itself with what commands are to end, and none of these orders is left."""
    engine = venue.state.engine
    left = [ending for ending in engine.endings.all_left() if ending.user_id is not None]
    while engine.left_over is not None:
        venue.exchange.keep_time()
    venue.commit()
    for ending in left:
        for order in engine.live.newest_first(ending.user_id or ""):
            is_another = ending.symbol not in (None, order.placed.symbol)
            assert is_another or order.sequence > ending.begun_by, f"{order.order_id} outlived {ending}"


def catch_up(venue: SimulatedVenue, moment: Moment, may_be_ahead: Collection[str]) -> list[str]:
    """Require that the followers kept what they reported as synced; return which were ahead of the journal.

    After a power cut a sink may be ahead of the journal, only if the journal promises less. It must notice.
    """
    followers = venue.followers
    followers.step()
    ahead = [name for name, status in followers.statuses().items() if status.startswith(AHEAD)]
    if ahead:
        assert venue.sync is not SyncMode.ALWAYS, f"ahead of the journal: {ahead}"
        assert set(ahead) <= set(may_be_ahead), f"ahead of the journal by what was synced: {ahead}"
        followers.end()
        for name in ahead:
            empty(venue, name)
    followers.settle()
    if venue.sync is SyncMode.ALWAYS:
        assert followers.opened_at[AUDIT] >= moment.covered[AUDIT]
    assert followers.state_dump() == list(venue.state.dump()), "the replica is not what the exchange is"
    return ahead


def empty(venue: SimulatedVenue, name: str) -> None:
    """Let a sink start again from nothing, as its status says."""
    if name == SQL:
        venue.database.restore(venue.database.empty)
        return
    for file_name in venue.disk.names(DATA / AUDIT_DIRECTORY):
        venue.disk.remove(DATA / AUDIT_DIRECTORY / file_name)


def check_projections(venue: SimulatedVenue) -> int:
    """Require that database, audit log and each snapshot equal what a replay of the journal gives.

    Return how many lines the log has.
    """
    with venue.database.engine.connect() as connection:
        checkpoint = read_checkpoint(connection)
        assert checkpoint is not None
        assert checkpoint.sequence == venue.state.sequence
        check = ProjectionCheck(connection, checkpoint)
        log = AuditCheck(DATA / AUDIT_DIRECTORY, venue.disk)
        verified = Verification(DATA, venue.disk, stored_files(DATA, venue.disk), Together([check, log])).run()
    assert verified.state_hash == state_hash(venue.state.dump())
    counts = log.counts
    found = (counts.entries, counts.compared, counts.behind, counts.torn_bytes)
    assert found == (venue.state.sequence, venue.state.sequence, 0, 0), f"{venue.state.sequence}: {counts}"
    return counts.entries


def _order_count(kept: Sequence[tuple[Request, Applied]]) -> int:
    return sum(len(applied.record.commands) for _, applied in kept)
