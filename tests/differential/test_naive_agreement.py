"""Seeded random streams: engine and naive exchange give the same events, and the engine keeps every promise.

After every command the engine is checked and a ledger of the events must add up. Then each stream is replayed from
empty, and from a dump taken at a random point. A failure names the seed. ``DIFFERENTIAL_SEED=<seed>`` runs that stream
alone, ``DIFFERENTIAL_STREAMS`` sets the number of streams.
"""

import os

import pytest

from tests.differential.situations import EXPECTED_MIN
from tests.differential.stream_runs import run_streams
from tests.figures import Claims, FiguresOf
from tests.scale import scaled

STREAMS = 60
STREAMS_TO_MEET_EVERYTHING = 240
SEED = os.environ.get("DIFFERENTIAL_SEED")
SEEDS = [int(SEED)] if SEED else list(range(scaled("DIFFERENTIAL_STREAMS", STREAMS)))
GROUP = 10
GROUPS = [SEEDS[start : start + GROUP] for start in range(0, len(SEEDS), GROUP)]
SUITE = "random streams"


def group_name(seeds: list[int]) -> str:
    return f"seeds-{seeds[0]}-to-{seeds[-1]}"


@pytest.mark.slow
@pytest.mark.parametrize("seeds", GROUPS, ids=group_name)
def test_random_streams_agree_with_the_naive_exchange_and_replay_alike(seeds: list[int], figures_of: FiguresOf) -> None:
    met = run_streams(seeds)

    assert met["event accepted"] > 0
    figures_of(SUITE).update(met)


@pytest.mark.skipif(
    len(SEEDS) < STREAMS_TO_MEET_EVERYTHING, reason="too few streams to meet everything; TEST_SCALE=4 has enough"
)
def test_random_streams_meet_everything_that_the_rulebook_names(request: pytest.FixtureRequest, claim: Claims) -> None:
    streams = test_random_streams_agree_with_the_naive_exchange_and_replay_alike.__name__
    if sum(getattr(item, "originalname", "") == streams for item in request.session.items) < len(GROUPS):
        pytest.skip("only some of the streams are run")

    claim(SUITE, EXPECTED_MIN)
