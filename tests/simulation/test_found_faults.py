"""Faults that the simulation has found, each as the shortest run that shows it."""

import errno
from pathlib import Path
from random import Random

import pytest

from order_engine.followers.audit.files import AUDIT_DIRECTORY, segment_path
from order_engine.followers.progress import AUDIT, SQL
from order_engine.journal.committer import SyncMode
from order_engine.journal.errors import JournalFailed
from order_engine.journal.segments import list_segments
from tests.builders import buy
from tests.fakes.fake_clock import FakeClock
from tests.fakes.memory_database import MemoryDatabase
from tests.fakes.simulated_disk import SimulatedDisk
from tests.simulation.survival import recorded_count, recovered_records
from tests.simulation.venue import DATA, SimulatedVenue
from tests.simulation.workload import Request
from tests.unit.journal.journal_fixtures import DIRECTORY, begin_segment, cancels, open_committer, sequences, write

ORDER = Request((buy(),), None)


def cut_power(disk: SimulatedDisk) -> SimulatedDisk:
    return disk.after_power_cut(Random(0), 0)


def fail_to_sync(operation: str, path: Path, content: bytes) -> None:
    if operation == "sync":
        raise OSError(errno.EIO, "Input/output error")


def test_directory_made_by_a_killed_process_survives_a_later_power_cut() -> None:
    disk = SimulatedDisk()
    disk.add_directory(DIRECTORY)
    killed = disk.copy()

    killed.make_directory(DIRECTORY)
    write(open_committer(killed), cancels(1))

    assert sequences(cut_power(killed)) == [1]


def test_frame_whose_sync_failed_is_written_again_by_the_next_start() -> None:
    disk = SimulatedDisk()
    disk.make_directory(DIRECTORY)
    committer = open_committer(disk)
    write(committer, cancels(1))

    disk.watcher = fail_to_sync
    write(committer, cancels(2))
    assert isinstance(committer.failure, JournalFailed)
    restarted = disk.copy()
    write(open_committer(restarted), cancels(3))

    assert sequences(cut_power(restarted)) == [1, 2, 3]


@pytest.mark.parametrize("sync", [SyncMode.INTERVAL, SyncMode.OFF])
def test_snapshot_never_outlives_the_journal_that_it_is_of(sync: SyncMode, database: MemoryDatabase) -> None:
    venue = SimulatedVenue(SimulatedDisk(), database, FakeClock(), [], sync)
    venue.submit(ORDER)
    venue.followers.want_snapshot(venue.exchange.sync())
    venue.followers.settle()
    venue.submit(ORDER)
    venue.abandon()

    survived = cut_power(venue.disk)
    database.restore(database.empty)
    restarted = SimulatedVenue(survived, database, FakeClock(), [], sync)

    assert restarted.recovered_sequence == restarted.snapshot_sequence == 2
    restarted.abandon()


def test_segment_being_archived_by_a_killed_process_survives_a_later_power_cut(database: MemoryDatabase) -> None:
    venue = SimulatedVenue(SimulatedDisk(), database, FakeClock(), [])
    venue.submit(ORDER)
    begin_segment(venue.journal)
    venue.submit(ORDER)
    venue.abandon()
    segment = list_segments(venue.recovery.journal_directory, venue.disk)[0]
    venue.disk.make_directory(venue.recovery.archive_directory)
    venue.disk.rename(segment.path, venue.recovery.archive_directory / segment.path.name)

    restarted = SimulatedVenue(venue.disk, database, FakeClock(), [])
    restarted.abandon()

    assert recovered_records(cut_power(restarted.disk)) == restarted.records


def test_audit_lines_whose_sync_failed_are_written_again_by_the_next_start(database: MemoryDatabase) -> None:
    venue = SimulatedVenue(SimulatedDisk(), database, FakeClock(), [])
    venue.submit(ORDER)
    venue.followers.step_and_tell()
    venue.submit(ORDER)
    venue.followers.step()
    venue.disk.watcher = fail_to_sync
    venue.followers.step()
    venue.abandon()

    restarted = SimulatedVenue(venue.disk.copy(), database, FakeClock(), [])
    restarted.followers.settle()
    restarted.abandon()

    assert restarted.progress.of(AUDIT).synced_sequence == 3
    assert recorded_count(cut_power(restarted.disk)) == 3


def test_sink_ahead_of_its_journal_is_noticed_however_much_came_since(database: MemoryDatabase) -> None:
    venue = SimulatedVenue(SimulatedDisk(), database, FakeClock(), [], SyncMode.OFF)
    for _ in range(3):
        venue.submit(ORDER)
    venue.followers.settle()
    venue.abandon()
    survived = cut_power(venue.disk)
    log = segment_path(DATA / AUDIT_DIRECTORY, 1)
    survived.put(log, venue.disk.content(log))

    database_before = database.image
    database.restore(database.empty)
    restarted = SimulatedVenue(survived, database, FakeClock(), [], SyncMode.OFF)
    database.restore(database_before)
    for _ in range(5):
        restarted.submit(ORDER)
    for _ in range(20):
        restarted.followers.step()
    statuses = restarted.followers.statuses()
    restarted.abandon()

    assert restarted.recovered_sequence == 0
    assert "the log goes to 4, the journal ends at 0" in statuses[AUDIT]
    assert "expected a sequence of at most 0, where the journal ends, found 4" in statuses[SQL]


def test_successor_of_killed_followers_takes_up_what_came_after_the_start(database: MemoryDatabase) -> None:
    venue = SimulatedVenue(SimulatedDisk(), database, FakeClock(), [])
    venue.submit(ORDER)
    venue.followers.settle()
    venue.followers.end()

    venue.followers.settle()
    venue.abandon()

    assert venue.followers.statuses() == {}
    assert (venue.progress.of(SQL).sequence, venue.progress.of(AUDIT).sequence) == (2, 2)


@pytest.mark.parametrize("sync", [SyncMode.INTERVAL, SyncMode.OFF])
def test_what_is_synced_in_a_sink_is_never_ahead_of_the_journal(sync: SyncMode, database: MemoryDatabase) -> None:
    venue = SimulatedVenue(SimulatedDisk(), database, FakeClock(), [], sync)
    venue.submit(ORDER)
    venue.followers.settle()
    venue.exchange.sync()
    venue.followers.settle()
    venue.submit(ORDER)
    venue.followers.settle()
    assert (venue.progress.of(SQL).sequence, venue.progress.of(SQL).synced_sequence) == (3, 2)
    venue.abandon()

    database.restore(database.commits_after_power_cut[0])
    restarted = SimulatedVenue(cut_power(venue.disk), database, FakeClock(), [], sync)
    restarted.followers.settle()
    restarted.abandon()

    assert restarted.recovered_sequence == 2
    assert restarted.followers.opened_at == {SQL: 2, AUDIT: 2}


def test_sinks_are_synced_under_load_though_the_journal_is_synced_seldom(database: MemoryDatabase) -> None:
    venue = SimulatedVenue(SimulatedDisk(), database, FakeClock(), [], SyncMode.INTERVAL)
    venue.submit(ORDER)
    venue.followers.step_and_tell()
    for _ in range(3):
        venue.submit(ORDER)
        venue.followers.step()

    venue.exchange.sync()
    synced_sequence = venue.journal.synced_sequence
    venue.submit(ORDER)
    venue.followers.step()
    venue.abandon()

    for name in (SQL, AUDIT):
        assert venue.progress.of(name).synced_sequence == synced_sequence
