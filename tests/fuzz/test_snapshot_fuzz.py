"""Any bytes as a snapshot give the dumped state or a clear error, and recovery goes on."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from order_engine.exchange.errors import SnapshotError
from order_engine.exchange.snapshots import Snapshot, make_snapshot
from order_engine.exchange.state import ExchangeState, state_hash
from order_engine.matching.engine import RULES_VERSION
from tests.builders import buy, cancel, sell
from tests.dumps import state_in
from tests.fakes.fake_disk import FakeDisk
from tests.fuzz.mutations import MUTATIONS, Mutation, mutate_all
from tests.invariants import check_engine
from tests.unit.exchange.exchanges import JOURNAL_ID, opened, recovery_on


def exchange_on_disk() -> tuple[FakeDisk, Snapshot]:
    """A disk with a journal of a few orders, and the snapshot at its end."""
    disk = FakeDisk()
    with opened(disk) as found:
        for command in (sell(price="101.00"), buy(quantity="3"), buy(price="101.00", quantity="4"), cancel("2")):
            found.exchange.submit([command])
    recovery = recovery_on(disk)
    return disk, make_snapshot(recovery.latest().state, JOURNAL_ID, RULES_VERSION)


DISK, SNAPSHOT = exchange_on_disk()
BODY = SNAPSHOT.content.partition(b"\n")[2]


def state_or_refusal(content: bytes) -> ExchangeState | None:
    """Load a snapshot; None if it is refused. Any exception but a ``SnapshotError`` fails the test."""
    try:
        return state_in(content)
    except SnapshotError:
        return None


@settings(max_examples=400, deadline=None)
@given(mutations=st.lists(MUTATIONS, min_size=1, max_size=3))
def test_mutated_snapshot_is_refused_and_recovery_goes_on_without_it(mutations: list[Mutation]) -> None:
    content = mutate_all(SNAPSHOT.content, mutations)
    files = recovery_on(DISK).files
    DISK.put(files.path_of(SNAPSHOT.header.sequence), content)

    recovered = recovery_on(DISK).latest()

    assert (state_or_refusal(content) is None) == (content != SNAPSHOT.content)
    assert recovered.snapshot_sequence == (SNAPSHOT.header.sequence if content == SNAPSHOT.content else 0)
    assert state_hash(recovered.state.dump()) == SNAPSHOT.header.state_hash


@settings(max_examples=400, deadline=None)
@given(content=st.binary(max_size=300))
def test_arbitrary_bytes_are_no_snapshot(content: bytes) -> None:
    assert state_or_refusal(content) is None


@settings(max_examples=400, deadline=None)
@given(body=st.lists(MUTATIONS, min_size=1, max_size=2).map(lambda mutations: mutate_all(BODY, mutations)))
def test_body_that_was_never_dumped_is_refused_or_a_sound_book_whatever_its_checksum(body: bytes) -> None:
    state = state_or_refusal(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)

    if state is not None:
        check_engine(state.engine)
