"""One contract, two databases: every test that uses ``database`` runs on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from order_engine.database.database import Database
from order_engine.followers.sql.sink import SqlSink
from order_engine.queries.queries import Queries
from tests.integration.database.market import Market, busy_market

JOURNAL_ID = "0123456789abcdef"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(Database(database_url)) as database:
        database.upgrade()
        yield database


@pytest.fixture
def queries(database: Database) -> Queries:
    return Queries(database)


@pytest.fixture
def project(database: Database) -> Callable[[Market], None]:
    """Write a whole market into the database."""

    def project_market(market: Market) -> None:
        with closing(SqlSink(database)) as sink:
            sink.open(JOURNAL_ID, market.end)
            write_rest(sink, market)

    return project_market


@pytest.fixture
def sink(database: Database) -> Iterator[SqlSink]:
    """A sink that is closed after the test."""
    with closing(SqlSink(database)) as sink:
        yield sink


@pytest.fixture
def market(sink: SqlSink) -> Market:
    """A market that is in the database."""
    market = busy_market(10)
    sink.open(JOURNAL_ID, market.end)
    write_rest(sink, market)
    sink.close()
    return market


def write_rest(sink: SqlSink, market: Market) -> None:
    """Write the records that the sink lacks, in one batch."""
    rest = list(market.history(sink.sequence, market.end))
    if rest:
        sink.write(rest)
    assert sink.sequence == market.end
