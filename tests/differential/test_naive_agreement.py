"""Seeded random streams: the engine says what the naive exchange says, event by event, and keeps every promise.

A failure names the seed; ``DIFFERENTIAL_SEED=<seed>`` runs that stream alone, ``DIFFERENTIAL_STREAMS`` says how many.
The engine's own invariants are checked after every fourth command, the ledger's promises after every one.
"""

import os
from collections import Counter
from random import Random

import pytest

from order_engine.matching.events import (
    AmendRejected,
    CancelRejected,
    Event,
    InstrumentRejected,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderRejected,
    OrderStatus,
    TradeExecuted,
)
from order_engine.matching.reason import Reason
from tests.naive.agreement import agreed_events, assert_replays_alike
from tests.naive.ledger import Ledger
from tests.naive.random_commands import RandomCommands, Step

STREAMS = int(os.environ.get("DIFFERENTIAL_STREAMS", "200"))
COMMANDS = 2_000
SEED = os.environ.get("DIFFERENTIAL_SEED")
SEEDS = [int(SEED)] if SEED else list(range(STREAMS))
GROUP = 20
GROUPS = [SEEDS[start : start + GROUP] for start in range(0, len(SEEDS), GROUP)]


def stream(seed: int) -> list[Step]:
    return list(RandomCommands(seed).steps(COMMANDS))


def group_name(seeds: list[int]) -> str:
    return f"seeds-{seeds[0]}-to-{seeds[-1]}"


@pytest.fixture(scope="module")
def occurrences() -> Counter[object]:
    """What has occurred in the streams of this module, counted."""
    return Counter()


@pytest.mark.parametrize("seeds", GROUPS, ids=group_name)
def test_random_streams_give_the_events_of_the_naive_exchange(seeds: list[int], occurrences: Counter[object]) -> None:
    for seed in seeds:
        ledger = Ledger()
        for events in agreed_events(stream(seed), check_every=4, story=f"seed {seed}"):
            ledger.watch(events)
            for event in events:
                occurrences.update(named(event))
        assert ledger.bought_e8 == ledger.sold_e8, f"seed {seed}"


@pytest.mark.parametrize("seeds", GROUPS, ids=group_name)
def test_random_streams_replay_to_the_same_state_hash(seeds: list[int]) -> None:
    for seed in seeds:
        assert_replays_alike(stream(seed), dump_after=Random(seed).randrange(COMMANDS), story=f"seed {seed}")


@pytest.mark.skipif(len(SEEDS) < 100, reason="too few streams to meet everything; see DIFFERENTIAL_STREAMS")
def test_random_streams_meet_every_event_reason_and_status(occurrences: Counter[object]) -> None:
    if not occurrences:
        pytest.skip("the streams have not been run")
    expected = {*Event.__args__, *Reason, *OrderStatus}

    missing = {what for what in expected if occurrences[what] < 20}

    assert missing == set()


def named(event: Event) -> list[object]:
    """Say what kind of event it is, and what reason and states it names."""
    names: list[object] = [type(event)]
    if isinstance(event, OrderAccepted | OrderAmended | OrderCanceled | OrderRejected):
        names += [event.order.status, event.order.reason]
    elif isinstance(event, TradeExecuted):
        names += [event.buy.status, event.sell.status]
    elif isinstance(event, AmendRejected | CancelRejected | InstrumentRejected):
        names.append(event.reason)
    return names
