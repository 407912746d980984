"""Journals and snapshots of every released version give the same state as in that version."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from order_engine.exchange.recovery import Recovery
from order_engine.exchange.snapshots import FORMAT
from order_engine.exchange.state import ExchangeState, state_hash
from order_engine.exchange.verification import Verification, stored_files
from order_engine.journal.disk import LocalDisk
from tests.invariants import check_engine
from tests.released import format_1
from tests.released.releases import Release

DUMPS: dict[str, Callable[[ExchangeState], bytes]] = {"5212ce9": format_1.dump}
"""How each release dumped a state, for the hashes that it recorded."""


@pytest.fixture
def recovery(data: Path) -> Recovery:
    return Recovery(data, LocalDisk())


def test_journal_gives_the_events_and_states_of_its_release(release: Release, recovery: Recovery) -> None:
    state, events, hashes = ExchangeState(), hashlib.sha256(), {}

    for record in recovery._new_reader().records():
        events.update(msgspec.json.encode(state.apply(record).events))
        if state.sequence in (*release.hashes, release.sequence):
            hashes[state.sequence] = hash_then(release, state)

    assert state.sequence == release.sequence
    assert len(state.engine.live.by_key) == release.live_orders
    assert hashes == {**release.hashes, release.sequence: release.state_hash}
    assert events.hexdigest() == release.events_sha256


def test_start_goes_on_from_the_newest_snapshot(release: Release, recovery: Recovery) -> None:
    recovered = recovery.latest()

    assert recovered.snapshot_sequence == int(Path(max(release.snapshots)).stem) > 0
    assert recovered.end.last_sequence == release.sequence
    assert hash_then(release, recovered.state) == release.state_hash
    check_engine(recovered.state.engine)


def test_every_snapshot_proves_itself_and_is_the_state_of_its_sequence(release: Release, recovery: Recovery) -> None:
    files = recovery.files

    for path in files.paths_newest_first():
        header, state = files.check(path), files.load(path)

        assert header.format <= FORMAT
        assert header.state_hash == release.snapshots[path.name]
        assert state_hash(state.dump()) == state_hash(recovery.replay(header.sequence).dump())
    assert len(files.paths_newest_first()) == len(release.snapshots)


def test_verification_reads_snapshots_of_old_formats(release: Release, data: Path) -> None:
    verified = Verification(data, LocalDisk(), stored_files(data, LocalDisk()), None).run()

    assert verified.sequence == release.sequence
    assert verified.snapshots == len(release.snapshots)


def hash_then(release: Release, state: ExchangeState) -> str:
    """The hash of a state in the release's format."""
    return hashlib.sha256(DUMPS[release.name](state)).hexdigest()
