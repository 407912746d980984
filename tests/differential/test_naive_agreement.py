"""Seeded random streams: the engine says what the naive exchange says, event by event, and keeps every promise.

After every command the engine is checked and a ledger of the events must add up; then each stream is replayed from
empty, and from a dump taken at a random point. A failure names the seed; ``DIFFERENTIAL_SEED=<seed>`` runs that stream
alone, ``DIFFERENTIAL_STREAMS`` says how many.
"""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.differential.situations import EXPECTED_MIN
from tests.differential.stream_runs import run_streams

STREAMS = int(os.environ.get("DIFFERENTIAL_STREAMS", "200"))
SEED = os.environ.get("DIFFERENTIAL_SEED")
SEEDS = [int(SEED)] if SEED else list(range(STREAMS))
GROUP = 10
GROUPS = [SEEDS[start : start + GROUP] for start in range(0, len(SEEDS), GROUP)]
PROCESSES = min(len(GROUPS), os.cpu_count() or 1)
Outcomes = dict[int, Future[Counter[str]]]


def group_name(seeds: list[int]) -> str:
    return f"seeds-{seeds[0]}-to-{seeds[-1]}"


@pytest.fixture(scope="module")
def outcomes() -> Iterator[Outcomes]:
    """Run all groups, on all processors, whatever the tests wait for; by the group's first seed."""
    pool = ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"))
    try:
        yield {seeds[0]: pool.submit(run_streams, seeds) for seeds in GROUPS}
    finally:
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("seeds", GROUPS, ids=group_name)
def test_random_streams_agree_with_the_naive_exchange_and_replay_alike(seeds: list[int], outcomes: Outcomes) -> None:
    met = outcomes[seeds[0]].result()

    assert met["event accepted"] > 0


@pytest.mark.skipif(len(SEEDS) < 200, reason="too few streams to meet everything; see DIFFERENTIAL_STREAMS")
def test_random_streams_meet_everything_that_the_rulebook_names(outcomes: Outcomes) -> None:
    met: Counter[str] = sum((outcome.result() for outcome in outcomes.values()), Counter())

    lacking = {name: (met[name], least) for name, least in EXPECTED_MIN.items() if met[name] < least}

    assert lacking == {}
