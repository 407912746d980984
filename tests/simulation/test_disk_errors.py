"""After a disk fails, nothing is acknowledged, and a restart has everything from before."""

import errno
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from order_engine.exchange.errors import ExchangeHalted, ServiceError
from order_engine.exchange.phase import Phase
from order_engine.followers.progress import SQL
from order_engine.journal.errors import JournalError
from tests.builders import buy
from tests.fakes.memory_database import MemoryDatabase
from tests.fakes.simulated_disk import ShortWrite
from tests.simulation.crashes import SOME_PERCENT, Crashes
from tests.simulation.scenario import Scenario
from tests.simulation.venue import SimulatedVenue
from tests.simulation.workload import SYMBOLS, Request

STEP_COUNT = 9


@dataclass
class FailingDisk:
    """Makes a scenario's disk fail at its ``at``-th step, once; then it works again."""

    scenario: Scenario
    at: int
    step: int = 0
    kind: str = ""

    def __post_init__(self) -> None:
        self.scenario.disk.watcher = self

    def __call__(self, operation: str, path: Path, content: bytes) -> None:
        self.step += 1
        if self.step != self.at:
            self.scenario.at_disk(operation, path, content)
            return
        self.kind = f"disk failed in {operation}"
        if operation == "write":
            taken_bytes = len(content) * self.scenario.random.randrange(4) // 3
            raise ShortWrite(taken_bytes, OSError(errno.ENOSPC, "No space left on device"))
        if operation in ("open", "mkdir"):
            raise OSError(errno.ENOSPC, "No space left on device")
        raise OSError(errno.EIO, "Input/output error")


def test_disk_that_fails_once_at_any_step_stops_the_exchange_and_costs_nothing(
    seed: int, database: MemoryDatabase, figures: Counter[str]
) -> None:
    crashes = Crashes(4_000 + seed, database, figures)
    at = 0
    while True:
        at += 1
        scenario = Scenario(
            4_000 + seed, database, lambda moment: None, step_count=STEP_COUNT, kills=False, follower_may_fail=True
        )
        disk = FailingDisk(scenario, at)
        try:
            scenario.run()
        except (ServiceError, JournalError, OSError):
            assert disk.kind, "an error that no disk made"
        if not disk.kind:
            break
        crashes.figures[disk.kind] += 1
        scenario.disk.watcher = lambda operation, path, content: None
        if scenario.venue is not None:
            assert_stopped_if_in_doubt(scenario.venue)
        moment = scenario.now(disk.kind)
        crashes.kill(moment)
        crashes.cut_power(moment, 0)
        crashes.cut_power(moment, SOME_PERCENT)

    crashes.report()
    assert at > 40


def assert_stopped_if_in_doubt(venue: SimulatedVenue) -> None:
    """After a failure of the journal nothing may be accepted, shown or written, though the disk works again."""
    if venue.exchange.phase is not Phase.HALTED:
        assert venue.journal.failure is None
        return
    venue.followers.settle()
    visible_sequence, before = venue.journal.visible_sequence, venue.disk.fingerprint()
    for _ in range(2):
        with pytest.raises(ExchangeHalted):
            venue.submit(Request((buy(),), None))
        with pytest.raises(ExchangeHalted):
            venue.exchange.depth(SYMBOLS[0])
    venue.commit()
    venue.followers.step()
    assert venue.progress.of(SQL).sequence == visible_sequence == venue.journal.visible_sequence
    assert venue.disk.fingerprint() == before
