"""After a crash at any boundary every acknowledged record is there once, unchanged; the others are whole or absent."""

from collections import Counter

import pytest

from tests.fakes.memory_database import MemoryDatabase
from tests.figures import Claims
from tests.simulation.crashes import SOME_PERCENT, Crashes
from tests.simulation.scenario import Moment, Scenario

SEEDS_TO_CLAIM = 2
CRASH_POINTS_MIN_OF_SEED = 550
MIN_OF_RUN = {"crash points": 2_500, "crash points at the audit log": 500}
MIN_OF_KIND = 10
KINDS = (
    "killed",
    "killed in a write",
    "power cut, unsynced all lost",
    "power cut, unsynced lost in part",
    "crashed in recovery",
    "torn tails cut off",
    "recovered from a snapshot",
    "restarted with orders left to end",
    "restarted with archived segments",
    "restarted with the clock set back",
    "database lost commits",
)


@pytest.mark.slow
def test_crash_at_every_boundary_loses_and_doubles_nothing(
    seed: int, database: MemoryDatabase, figures: Counter[str]
) -> None:
    moments: list[Moment] = []
    scenario = Scenario(seed, database, moments.append)
    scenario.run()
    crashes = Crashes(seed, database, figures)
    crashes.figures += scenario.figures

    for moment in moments:
        crashes.kill(moment)
        crashes.cut_power(moment, 0)
        crashes.cut_power(moment, SOME_PERCENT)
        if moment.write is not None:
            crashes.kill_in_write(moment, len(moment.write[1]) * seed // (seed + 1))

    crashes.report()
    assert crashes.figures["crash points"] >= CRASH_POINTS_MIN_OF_SEED


@pytest.mark.slow
def test_crash_at_every_boundary_of_recovery_loses_and_doubles_nothing(
    seed: int, database: MemoryDatabase, figures: Counter[str]
) -> None:
    moments: list[Moment] = []
    scenario = Scenario(1_000 + seed, database, moments.append)
    scenario.run()
    crashes = Crashes(1_000 + seed, database, figures)
    crashes.figures += scenario.figures

    for moment in moments[seed % 16 :: 16]:
        crashes.crash_in_recovery(moment)

    crashes.report()
    assert crashes.figures["crashed in recovery"] >= 60


def test_run_did_the_number_of_faults_that_it_claims(request: pytest.FixtureRequest, claim: Claims) -> None:
    crashes = test_crash_at_every_boundary_loses_and_doubles_nothing.__name__
    selected = sum(getattr(item, "originalname", "") == crashes for item in request.session.items)
    if selected < SEEDS_TO_CLAIM:
        pytest.skip("too few seeds for the claim; TEST_SCALE=2 has enough")

    claim("simulation", dict.fromkeys(KINDS, MIN_OF_KIND) | MIN_OF_RUN)
