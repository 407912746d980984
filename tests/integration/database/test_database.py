"""The database as requests and the sink share it: sessions, pool, and errors while it is away."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select

from order_engine.database.database import Database
from order_engine.database.errors import DatabaseStarting, DatabaseUnavailable
from order_engine.database.tables import CheckpointRow
from order_engine.followers.sink import SinkAway
from order_engine.followers.sql.sink import SqlSink
from order_engine.queries.queries import Queries
from tests.integration.database.conftest import JOURNAL_ID
from tests.integration.database.market import Market, buy
from tests.postgres_cluster import PostgresCluster

CLIENTS = 64


def test_request_reads_through_one_session_and_holds_no_connection_between_reads(database_url: str) -> None:
    app = Flask(__name__)
    with closing(Database(database_url, app)) as database:
        database.upgrade()
        sessions: list[object] = []
        held: list[int] = []

        @app.get("/")
        def read_twice() -> str:
            for _ in range(2):
                with database.reading() as session:
                    sessions.append(session)
                    session.execute(select(CheckpointRow.sequence))
                held.append(database._reading_engine.pool.checkedout())  # type: ignore[attr-defined] # a pool with a queue
            return "read"

        answers = [app.test_client().get("/").text for _ in range(2)]

        assert held == [0] * 4

        assert answers == ["read", "read"]
        assert sessions[0] is sessions[1]
        assert sessions[2] is not sessions[0]


def test_request_that_reads_twice_sees_what_was_written_in_between(database_url: str) -> None:
    app, market = Flask(__name__), Market()
    with closing(Database(database_url, app)) as database, closing(SqlSink(database)) as sink:
        queries = Queries(database)
        sink.open(JOURNAL_ID, 0)

        with app.app_context():
            before = queries.orders().orders
            sink.write([market.apply(buy())])
            after = queries.orders().orders

    assert (len(before), len(after)) == (0, 1)


def test_64_threads_read_while_the_sink_writes(
    database: Database, queries: Queries, project: Callable[[Market], None]
) -> None:
    market = Market()
    market.apply_each([buy()] * 50)
    together = Barrier(CLIENTS)

    def read() -> bool:
        together.wait(20)
        for _ in range(5):
            assert queries.orders(limit=10) is not None
        return True

    with ThreadPoolExecutor(CLIENTS) as threads:
        readers = [threads.submit(read) for _ in range(CLIENTS)]
        project(market)

        assert all(reader.result(60) for reader in readers)


def test_database_without_tables_is_starting(database_url: str) -> None:
    with closing(Database(database_url)) as database, pytest.raises(DatabaseStarting):
        Queries(database).orders()


def test_unreachable_server_is_named_without_its_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with closing(Database("postgres://someone:s3cret-word@127.0.0.1:1/exchange")) as database:
        with pytest.raises(DatabaseUnavailable) as caught:
            Queries(database).orders()
        with pytest.raises(SinkAway) as away:
            SqlSink(database).open(JOURNAL_ID, 0)
        said = [str(caught.value), database.check(), str(away.value), repr(database.url), caplog.text]

    assert "postgresql: OperationalError" in said[0]
    assert "OperationalError" in said[1]
    assert "OperationalError" in said[2]
    assert not any("s3cret" in text for text in said)


def test_complaint_that_quotes_the_address_is_shown_without_its_password() -> None:
    with closing(Database("postgres://someone:s3cret-word@127.0.0.1:1/exchange")) as database:
        described = database.describe(OSError("cannot reach someone:s3cret-word@127.0.0.1\nand more"))

    assert described == "OSError: cannot reach someone:***@127.0.0.1"


@pytest.mark.postgres
def test_pool_recovers_when_the_server_was_restarted(postgres_server: PostgresCluster) -> None:
    with closing(Database(postgres_server.url)) as database:
        database.upgrade()
        assert Queries(database).orders().orders == []

        postgres_server.stop()
        with pytest.raises(DatabaseUnavailable):
            Queries(database).orders()
        postgres_server.start()

        assert Queries(database).orders().orders == []


@pytest.mark.postgres
def test_question_that_takes_too_long_is_given_up(postgres_url: str) -> None:
    with closing(Database(f"{postgres_url}?options=-c%20statement_timeout%3D200")) as database:
        database.upgrade()
        with pytest.raises(DatabaseUnavailable, match="timeout"), database.reading() as session:
            session.connection().exec_driver_sql("SELECT pg_sleep(30)")

        assert database.check() == "ok"


def test_sqlite_file_is_made_with_its_directory_in_wal_mode(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/not/yet/there/exchange.db")) as database:
        database.upgrade()
        with database.engine.connect() as connection:
            pragmas = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]

    assert pragmas == ["wal", 1, 1, 1000]
