"""Journals and snapshots of every released version are read as that version read them."""

import hashlib
from pathlib import Path

import msgspec

from order_engine.exchange.recovery import Recovery
from order_engine.exchange.snapshots import read_snapshot
from order_engine.exchange.state import ExchangeState, state_hash
from order_engine.journal.disk import LocalDisk
from tests.released.releases import Release


def test_journal_gives_the_events_and_states_of_its_release(release: Release, data: Path) -> None:
    state, events, hashes = ExchangeState(), hashlib.sha256(), {}

    for record in Recovery(data, LocalDisk())._new_reader().records():
        events.update(msgspec.json.encode(state.apply(record).events))
        hashes[state.sequence] = state_hash(state.dump())

    assert state.sequence == release.sequence
    assert len(state.engine.live.by_id) == release.live_orders
    assert {sequence: hashes[sequence] for sequence in release.hashes} == release.hashes
    assert hashes[release.sequence] == release.state_hash
    assert events.hexdigest() == release.events_sha256


def test_start_goes_on_from_the_newest_snapshot(release: Release, data: Path) -> None:
    recovered = Recovery(data, LocalDisk()).latest()

    assert recovered.snapshot_sequence == int(Path(max(release.snapshots)).stem) > 0
    assert recovered.end.last_sequence == release.sequence
    assert state_hash(recovered.state.dump()) == release.state_hash


def test_every_snapshot_proves_itself(release: Release, data: Path) -> None:
    files = Recovery(data, LocalDisk()).files

    found = {path.name: read_snapshot(files.read(path)) for path in files.paths_newest_first()}

    assert {name: snapshot.header.state_hash for name, snapshot in found.items()} == release.snapshots
    for snapshot in found.values():
        assert snapshot.proven_state().sequence == snapshot.header.sequence
