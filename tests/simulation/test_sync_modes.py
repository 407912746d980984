"""``JOURNAL_SYNC`` interval and off: a kill costs nothing; a power cut leaves a prefix, at least what was synced."""

from collections import Counter

import pytest

from order_engine.journal.committer import SyncMode
from tests.fakes.memory_database import MemoryDatabase
from tests.simulation.crashes import SOME_PERCENT, Crashes
from tests.simulation.scenario import Moment, Scenario


@pytest.mark.parametrize("sync", [SyncMode.INTERVAL, SyncMode.OFF])
def test_kill_costs_nothing_and_power_cut_leaves_a_prefix(
    seed: int, sync: SyncMode, database: MemoryDatabase, figures: Counter[str]
) -> None:
    moments: list[Moment] = []
    scenario = Scenario(2_000 + seed, database, moments.append, sync=sync)
    scenario.run()
    crashes = Crashes(2_000 + seed, database, figures, sync)
    crashes.figures += scenario.figures

    for moment in moments[::5]:
        crashes.kill(moment)
        crashes.cut_power(moment, 0)
        crashes.cut_power(moment, SOME_PERCENT)

    crashes.report()
    assert crashes.figures["power cut, unsynced lost in part"] >= 15
