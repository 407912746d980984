"""One contract, two databases: every test that asks for ``database`` runs on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from order_engine.database.database import Database
from order_engine.followers.sql.projector import ProjectionPace, Projector
from order_engine.queries.queries import Queries
from tests.integration.database.market import Market

JOURNAL_ID = "0123456789abcdef"
QUICK = ProjectionPace(pause_seconds=0.02, retry_seconds_first=0.02, retry_seconds_max=0.1)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(Database(database_url)) as database:
        database.upgrade()
        yield database


@pytest.fixture
def queries(database: Database) -> Queries:
    return Queries(database)


Start = Callable[..., Projector]


def never_halts(fault: Exception) -> None:
    raise AssertionError(f"the projection halted: {fault}")


@pytest.fixture
def start() -> Iterator[Start]:
    """Start projectors that are closed after the test."""
    with ExitStack() as stack:

        def start_projector(
            database: Database,
            market: Market,
            journal_end: int = 0,
            on_halt: Callable[[Exception], None] = never_halts,
            pace: ProjectionPace = QUICK,
            journal_id: str = JOURNAL_ID,
        ) -> Projector:
            projector = Projector(database, market.history, on_halt, pace)
            stack.callback(projector.close)
            projector.start(journal_id, journal_end)
            return projector

        yield start_projector


@pytest.fixture
def project(start: Start, database: Database) -> Callable[[Market], None]:
    """Bring all of a market into the database."""

    def project_market(market: Market) -> None:
        projector = start(database, market, journal_end=market.end)
        assert projector.wait_projected(market.end, 20)

    return project_market
