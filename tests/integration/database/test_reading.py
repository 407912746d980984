"""Reads change nothing, end in time, and notice a replaced SQLite file."""

from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy.exc import OperationalError

from order_engine.database.database import Database
from order_engine.database.database_url import READ_SECONDS_MAX
from order_engine.database.errors import DatabaseStarting, DatabaseUnavailable
from order_engine.followers.sql.sink import SqlSink
from order_engine.queries.queries import Queries
from tests.integration.database.conftest import JOURNAL_ID
from tests.integration.database.market import Market, buy
from tests.postgres_cluster import PostgresCluster
from tests.unit.exchange.exchanges import wait_until

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}


def market_of(orders: int) -> Market:
    market = Market()
    market.apply_each([buy()] * orders)
    return market


def filled(path: Path, orders: int) -> None:
    """Make a database with this many orders, and close it."""
    market = market_of(orders)
    with closing(Database(f"sqlite:///{path}")) as database:
        sink = SqlSink(database)
        sink.open(JOURNAL_ID, market.end)
        sink.write(market.journal)
        sink.close()


def test_file_that_is_not_there_is_starting_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "exchange.db"
    with closing(Database(f"sqlite:///{path}")) as database:
        with pytest.raises(DatabaseStarting, match="there is no file"):
            Queries(database).orders()

        assert "there is no file" in database.check()
        assert not list(tmp_path.iterdir())


def test_file_that_comes_later_is_read(tmp_path: Path) -> None:
    path = tmp_path / "exchange.db"
    with closing(Database(f"sqlite:///{path}")) as database:
        with pytest.raises(DatabaseStarting):
            Queries(database).orders()
        filled(path, 2)

        assert len(Queries(database).orders().orders) == 2


def test_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "exchange.db"
    filled(path, 2)
    filled(tmp_path / "other.db", 5)
    with closing(Database(f"sqlite:///{path}")) as database:
        assert len(Queries(database).orders().orders) == 2

        (tmp_path / "other.db").rename(path)

        assert len(Queries(database).orders().orders) == 5


def test_file_that_was_deleted_is_not_read_any_more(tmp_path: Path) -> None:
    path = tmp_path / "exchange.db"
    filled(path, 2)
    with closing(Database(f"sqlite:///{path}")) as database:
        assert len(Queries(database).orders().orders) == 2

        path.unlink()

        with pytest.raises(DatabaseStarting):
            Queries(database).orders()


def test_read_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"readonly|read-only"), database.reading() as session:
        session.connection().exec_driver_sql("DELETE FROM orders")


def test_read_that_takes_too_long_is_given_up_and_the_next_goes_on(database: Database) -> None:
    started = monotonic()

    with pytest.raises(DatabaseUnavailable, match=r"took too long|timeout"), database.reading() as session:
        session.connection().exec_driver_sql(ENDLESS[database.kind])

    assert monotonic() - started < READ_SECONDS_MAX + 2
    assert Queries(database).orders().orders == []


def test_locked_file_delays_no_read(tmp_path: Path) -> None:
    path = tmp_path / "exchange.db"
    filled(path, 2)
    with closing(Database(f"sqlite:///{path}")) as database, database.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

        assert len(Queries(database).orders().orders) == 2


def test_writer_does_not_wait_long_for_a_locked_file(tmp_path: Path) -> None:
    path = tmp_path / "exchange.db"
    filled(path, 2)
    with closing(Database(f"sqlite:///{path}")) as database, database.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        with database.engine.connect() as other, pytest.raises(OperationalError, match="locked"):
            other.exec_driver_sql("BEGIN IMMEDIATE")


@pytest.mark.postgres
def test_server_that_hangs_is_given_up_and_those_who_read_next_do_not_wait(postgres_server: PostgresCluster) -> None:
    with closing(Database(postgres_server.url)) as database:
        database.upgrade()
        assert Queries(database).orders().orders == []
        postgres_server.freeze()
        try:
            began = monotonic()
            with pytest.raises(DatabaseUnavailable):
                Queries(database).orders()
            first, began = monotonic() - began, monotonic()
            for _ in range(50):
                with pytest.raises(DatabaseUnavailable):
                    Queries(database).orders()
            others = monotonic() - began
        finally:
            postgres_server.thaw()

        assert first < 2 * READ_SECONDS_MAX + 2
        assert others < first
        wait_until(lambda: database.check() == "ok")
        assert Queries(database).orders().orders == []


@pytest.mark.postgres
def test_locked_table_is_no_answer(postgres_url: str) -> None:
    with closing(Database(postgres_url)) as database:
        database.upgrade()
        with database.engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("LOCK TABLE trades IN ACCESS EXCLUSIVE MODE")

            assert "LockNotAvailable" in database.check()
            with pytest.raises(DatabaseUnavailable, match="LockNotAvailable"):
                Queries(database).orders()

        assert database.check() == "ok"
        assert Queries(database).orders().orders == []
