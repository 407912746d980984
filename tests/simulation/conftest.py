"""Seeds and figures. ``SIMULATION_SEED=7`` replays one seed, ``SIMULATION_SEEDS=500`` makes a long run."""

import gc
import logging
import os
from collections import Counter
from collections.abc import Iterator

import pytest

from order_engine import settings
from tests.fakes.memory_database import MemoryDatabase
from tests.figures import FiguresOf
from tests.scale import scaled

SEEDS_BY_DEFAULT = 1


def seeds() -> range:
    """The seeds of this run."""
    if given := os.environ.get("SIMULATION_SEED"):
        return range(int(given), int(given) + 1)
    return range(1, scaled("SIMULATION_SEEDS", SEEDS_BY_DEFAULT) + 1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", seeds())


@pytest.fixture(scope="session")
def figures(figures_of: FiguresOf) -> Counter[str]:
    """The counts of the whole run, by kind; printed at its end."""
    return figures_of("simulation")


@pytest.fixture(scope="session")
def one_database() -> Iterator[MemoryDatabase]:
    database = MemoryDatabase()
    yield database
    database.close()


@pytest.fixture
def database(one_database: MemoryDatabase) -> MemoryDatabase:
    """An empty database, one for all tests, because restoring is faster than opening."""
    one_database.watcher = lambda moment: None
    one_database.restore(one_database.empty)
    return one_database


@pytest.fixture(autouse=True)
def few_endings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a command end two orders at most, so that crashes come between its parts."""
    monkeypatch.setattr(settings, "ENDINGS_MAX", 2)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Silence the logs: thousands of exchanges halt and recover here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
    # Each recovery freezes what it has loaded.
    gc.unfreeze()
