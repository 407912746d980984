"""The followers are killed at each boundary: the exchange does not notice, and a successor goes on."""

from collections import Counter

from tests.fakes.memory_database import MemoryDatabase
from tests.simulation.crashes import Crashes
from tests.simulation.scenario import Scenario

STEP_COUNT = 12
BOUNDARIES_MIN = 30
STRIDE = 2
KILLED = "followers killed while the exchange lived on"


def test_followers_killed_at_any_boundary_of_theirs_lose_and_double_nothing(
    seed: int, database: MemoryDatabase, figures: Counter[str]
) -> None:
    crashes = Crashes(7_000 + seed, database, figures)
    at = 1 - STRIDE
    while True:
        at += STRIDE
        scenario = Scenario(
            7_000 + seed, database, lambda moment: None, step_count=STEP_COUNT, kills=False, follower_dies_at=at
        )
        scenario.run()
        if scenario.figures[KILLED] == 0:
            break
        crashes.figures += scenario.figures
        assert scenario.waiting == [], "a request has got no answer"
        crashes.kill(scenario.now(f"followers killed at boundary {at}"))

    crashes.report()
    assert at > BOUNDARIES_MIN
