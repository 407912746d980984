"""A flipped bit anywhere in journal or snapshots is found at the start or by ``verify``, with file and offset."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from order_engine.exchange.verification import DifferenceFound, Verification, Verified, stored_files
from order_engine.journal.errors import JournalDamaged
from order_engine.journal.frames import MAGIC
from tests.fakes.fake_clock import FakeClock
from tests.fakes.memory_database import MemoryDatabase
from tests.fakes.simulated_disk import SimulatedDisk
from tests.simulation.venue import DATA, SimulatedVenue
from tests.simulation.workload import RequestSource

REQUESTS_PER_SNAPSHOT = 16
# Only some bytes are tried: unit tests flip every bit of smaller files.
JOURNAL_STRIDE = 36
SNAPSHOT_STRIDE = 397


def traded(seed: int, database: MemoryDatabase) -> SimulatedDisk:
    """A disk with a journal of several segments and snapshots along the way, closed in good order."""
    venue = SimulatedVenue(SimulatedDisk(), database, FakeClock(), [])
    requests = RequestSource(Random(seed))
    for _ in range(2):
        for _ in range(REQUESTS_PER_SNAPSHOT):
            venue.submit(requests.draw())
        venue.followers.want_snapshot(venue.exchange.sync())
        venue.followers.settle()
    venue.submit(requests.draw())
    venue.abandon()
    return venue.disk


@contextmanager
def started(disk: SimulatedDisk, database: MemoryDatabase) -> Iterator[SimulatedVenue]:
    """Start on a copy of the disk and an empty database."""
    database.restore(database.empty)
    venue = SimulatedVenue(disk.copy(), database, FakeClock(), [], reads_all=False)
    yield venue
    venue.abandon()


def verify(disk: SimulatedDisk) -> Verified:
    return Verification(DATA, disk, stored_files(DATA, disk), None).run()


def flips(disk: SimulatedDisk, directory: str, stride: int, seed: int) -> Iterator[tuple[Path, int]]:
    """Flip one bit at a time, at regular intervals; yield where."""
    random = Random(seed)
    for name in disk.names(DATA / directory):
        path = DATA / directory / name
        content = disk.content(path)
        for start in range(0, len(content), stride):
            position = min(start + random.randrange(stride), len(content) - 1)
            changed = bytearray(content)
            changed[position] ^= 1 << random.randrange(8)
            disk.put(path, bytes(changed))
            yield path, position
        disk.put(path, content)


def state_or_damage(disk: SimulatedDisk, database: MemoryDatabase) -> tuple[bytes, JournalDamaged | None]:
    try:
        with started(disk, database) as venue:
            return list(venue.state.dump()), None
    except JournalDamaged as damage:
        return b"", damage


def test_flipped_bit_in_the_journal_is_found_and_named(
    seed: int, database: MemoryDatabase, figures: Counter[str]
) -> None:
    disk = traded(seed, database)
    with started(disk, database) as whole:
        expected = list(whole.state.dump())
    count = 0

    for path, position in flips(disk, "journal", JOURNAL_STRIDE, seed):
        count += 1
        with pytest.raises(JournalDamaged) as found:
            verify(disk)
        assert found.value.path == path
        assert found.value.offset <= position
        assert disk.content(path).count(MAGIC, found.value.offset + 1, position + 1) == 0
        state, damage = state_or_damage(disk, database)
        if damage is None:
            # It lies before the snapshot that the start began from.
            assert state == expected
            figures["damage before the snapshot, found by verifying"] += 1
        else:
            assert (damage.path, damage.offset) == (path, found.value.offset)
            figures["damage found at start"] += 1

    figures["bits flipped in the journal"] += count
    assert count >= 150


def test_flipped_bit_in_a_snapshot_is_found_and_an_older_one_used(
    seed: int, database: MemoryDatabase, figures: Counter[str]
) -> None:
    disk = traded(seed, database)
    with started(disk, database) as whole:
        expected, newest = list(whole.state.dump()), whole.snapshot_sequence
    older: set[int] = set()
    count = 0

    for path, _ in flips(disk, "snapshots", SNAPSHOT_STRIDE, seed):
        count += 1
        with pytest.raises(DifferenceFound) as found:
            verify(disk)
        assert str(path) in found.value.where
        with started(disk, database) as venue:
            assert list(venue.state.dump()) == expected
            older.add(venue.snapshot_sequence)

    figures["bits flipped in snapshots"] += count
    assert count >= 50
    assert newest in older
    assert len(older) == 2
    assert 0 not in older
