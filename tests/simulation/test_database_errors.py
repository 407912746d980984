"""A database fails a commit, or commits and reports a failure: each row is still there once."""

import sqlite3
from collections import Counter
from dataclasses import dataclass

import pytest

from tests.fakes.memory_database import MemoryDatabase
from tests.simulation.crashes import Crashes
from tests.simulation.scenario import Scenario

STEP_COUNT = 20


@dataclass
class FailingDatabase:
    """Fails at the ``at``-th commit, once, before or after it is done."""

    scenario: Scenario
    place: str
    at: int
    count: int = 0

    def __post_init__(self) -> None:
        self.passed = self.scenario.database.watcher
        self.scenario.database.watcher = self

    def __call__(self, place: str) -> None:
        self.count += place == self.place
        if place == self.place and self.count == self.at:
            raise sqlite3.OperationalError("disk I/O error")
        self.passed(place)


@pytest.mark.parametrize("place", ["before commit", "after commit"])
def test_commit_that_fails_or_only_seems_to_leaves_each_row_once(
    seed: int, place: str, database: MemoryDatabase, figures: Counter[str]
) -> None:
    crashes = Crashes(5_000 + seed, database, figures)
    at = 0
    while True:
        at += 1
        scenario = Scenario(5_000 + seed, database, lambda moment: None, step_count=STEP_COUNT, kills=False)
        failing = FailingDatabase(scenario, place, at)
        scenario.run()
        if failing.count < at:
            break
        crashes.figures[f"database failed {place}"] += 1
        database.watcher = lambda moment: None
        crashes.kill(scenario.now(f"failed {place}"))

    crashes.report()
    assert at > 5
