"""After failing commits, crashes, and lost servers and files nothing is missing and nothing is written twice."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from order_engine.database.database import Database
from order_engine.followers.sink import SinkAway
from order_engine.followers.sql.sink import SqlSink
from order_engine.queries.queries import Queries
from tests.integration.database.conftest import JOURNAL_ID, write_rest
from tests.integration.database.market import Market, busy_market, buy
from tests.integration.database.projection_checks import WAIT_SECONDS, assert_projected
from tests.postgres_cluster import PostgresCluster

SYNC_SETTING = {"sqlite": "PRAGMA synchronous", "postgresql": "SHOW synchronous_commit"}
SYNCED = {"sqlite": 2, "postgresql": "on"}

CRASH = """
import os, sys
from sqlalchemy import event
from order_engine.database.database import Database
from order_engine.followers.sql.sink import SqlSink
from tests.integration.database.conftest import JOURNAL_ID
from tests.integration.database.market import busy_market

market = busy_market(10)
database = Database(sys.argv[1])
sink = SqlSink(database)
sink.open(JOURNAL_ID, market.end)
sink.write(market.journal[:10])
event.listen(database.engine, "commit", lambda connection: os._exit(9))
sink.write(market.journal[10:20])
"""

# A statement into the table takes at least 1.2 s.
SLOW_INSERTS = (
    "CREATE FUNCTION rest() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1.2); RETURN NULL; END'",
    "CREATE TRIGGER rest AFTER INSERT ON orders EXECUTE FUNCTION rest()",
)

READER = """
import sqlite3, sys
connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
print(*connection.execute("SELECT count(*) FROM orders").fetchone(), flush=True)
sys.stdin.read()
connection.execute("SELECT count(*) FROM orders").fetchone()
"""


def fail_commits(database: Database, count: int, *, after: bool) -> list[str]:
    """Let commits fail: before they are done, or after, so that only the confirmation is lost."""
    failures: list[str] = []

    def on_commit(connection: Connection) -> None:
        if len(failures) < count:
            failures.append("failed")
            if after:
                connection.connection.commit()
            raise OperationalError("COMMIT", None, OSError("the wire was cut"))

    event.listen(database.engine, "commit", on_commit)
    return failures


@pytest.mark.parametrize("after", [False, True])
def test_commit_that_fails_or_only_seems_to_leaves_each_row_once(
    database: Database, sink: SqlSink, *, after: bool
) -> None:
    market = busy_market(10)
    sink.open(JOURNAL_ID, market.end)
    failures = fail_commits(database, 1, after=after)

    with pytest.raises(SinkAway, match="the wire was cut"):
        sink.write(market.journal[:10])

    reached = market.journal[9].record.last_sequence
    assert sink.open(JOURNAL_ID, market.end) == (reached if after else 0)
    write_rest(sink, market)
    assert failures == ["failed"]
    assert_projected(database, market)


def test_crash_before_a_commit_leaves_rows_and_checkpoint_agreeing(
    database: Database, database_url: str, sink: SqlSink
) -> None:
    root = Path(__file__).resolve().parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    crashed = subprocess.run([sys.executable, "-c", CRASH, database_url], env=environment, check=False, timeout=60)
    market = busy_market(10)

    reached = sink.open(JOURNAL_ID, market.end)

    assert crashed.returncode == 9
    assert reached == market.journal[9].record.last_sequence
    assert max(stored.updated_sequence for stored in Queries(database).orders(limit=1000).orders) <= reached
    write_rest(sink, market)
    assert_projected(database, market)


def settings_at_commits(database: Database) -> list[object]:
    """Note how each commit from here on is synced."""
    found: list[object] = []

    def note(connection: Connection) -> None:
        found.append(connection.exec_driver_sql(SYNC_SETTING[database.kind]).scalar())

    event.listen(database.engine, "commit", note)
    return found


def test_sync_syncs_its_commit_and_only_its_own(database: Database, sink: SqlSink) -> None:
    market = busy_market(5)
    if database.kind == "postgresql":
        with database.engine.begin() as connection:
            connection.exec_driver_sql(f'ALTER DATABASE "{database.url.database}" SET synchronous_commit = off')
        database.engine.dispose()
    sink.open(JOURNAL_ID, market.end)
    sink.write(market.journal[:10])
    settings = settings_at_commits(database)

    assert sink.sync() == sink.sequence
    write_rest(sink, market)

    assert settings[0] == SYNCED[database.kind] != settings[1]


def test_sync_of_what_is_on_disk_costs_nothing(database: Database, sink: SqlSink) -> None:
    market = busy_market(5)
    sink.open(JOURNAL_ID, market.end)
    write_rest(sink, market)
    sink.sync()
    settings = settings_at_commits(database)

    assert sink.sync() == market.end

    assert settings == []


def file_and_sink(tmp_path: Path) -> tuple[Path, Database, SqlSink]:
    path = tmp_path / "exchange.db"
    database = Database(f"sqlite:///{path}")
    return path, database, SqlSink(database)


@pytest.mark.parametrize("also_log", [False, True])
def test_deleted_file_is_noticed_and_a_new_one_is_filled(tmp_path: Path, *, also_log: bool) -> None:
    market = busy_market(10)
    path, database, sink = file_and_sink(tmp_path)
    with closing(database), closing(sink):
        sink.open(JOURNAL_ID, market.end)
        sink.write(market.journal[:10])
        assert Queries(database).orders().orders
        path.unlink()
        if also_log:
            for beside in tmp_path.glob("exchange.db-*"):
                beside.unlink()

        with pytest.raises(SinkAway, match="was deleted or replaced"):
            sink.write(market.journal[10:])
        assert sink.open(JOURNAL_ID, market.end) == 0
        write_rest(sink, market)

        assert_projected(database, market)


def test_reader_in_another_process_does_not_spoil_the_file_that_comes_after_a_deleted_one(tmp_path: Path) -> None:
    market = busy_market(10)
    path, database, sink = file_and_sink(tmp_path)
    with closing(database), closing(sink):
        sink.open(JOURNAL_ID, market.end)
        sink.write(market.journal[:10])
        with subprocess.Popen(
            [sys.executable, "-c", READER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as reader:
            assert reader.stdout is not None
            assert int(reader.stdout.readline()) > 0
            path.unlink()

            assert sink.open(JOURNAL_ID, market.end) == 0
            write_rest(sink, market)
            reader.communicate("read again")

        sink.close()
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert_projected(database, market)


def test_replaced_file_is_noticed_and_goes_on_at_its_own_checkpoint(tmp_path: Path) -> None:
    market = busy_market(10)
    path, database, sink = file_and_sink(tmp_path)
    with closing(database), closing(sink):
        sink.open(JOURNAL_ID, market.end)
        sink.write(market.journal[:10])
        reached = sink.sequence
        sink.close()
        database.close()
        (tmp_path / "backup.db").write_bytes(path.read_bytes())
        sink.open(JOURNAL_ID, market.end)
        sink.write(market.journal[10:20])
        for beside in tmp_path.glob("exchange.db-*"):
            beside.unlink()
        (tmp_path / "backup.db").rename(path)

        with pytest.raises(SinkAway, match="was deleted or replaced"):
            sink.sync()
        assert sink.open(JOURNAL_ID, market.end) == reached
        write_rest(sink, market)

        assert_projected(database, market)


def test_directory_that_cannot_be_made_keeps_the_sink_away(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with closing(Database(f"sqlite:///{tmp_path}/file/exchange.db")) as database, pytest.raises(SinkAway):
        SqlSink(database).open(JOURNAL_ID, 0)


@pytest.mark.postgres
def test_server_that_goes_away_and_comes_back_loses_nothing(postgres_server: PostgresCluster) -> None:
    market = busy_market(20)
    with closing(Database(postgres_server.url)) as database, closing(SqlSink(database)) as sink:
        sink.open(JOURNAL_ID, market.end)
        sink.write(market.journal[:30])
        reached = sink.sync()

        for at in (30, 50):
            postgres_server.stop()
            with pytest.raises(SinkAway, match="postgresql: "):
                sink.write(market.journal[at : at + 20])
            with pytest.raises(SinkAway, match="postgresql: "):
                sink.open(JOURNAL_ID, market.end)
            postgres_server.start()
            assert sink.open(JOURNAL_ID, market.end) == reached
            sink.write(market.journal[at : at + 20])
            reached = sink.sequence

        write_rest(sink, market)
        assert_projected(database, market)


@pytest.mark.postgres
def test_role_that_lost_its_rights_keeps_the_sink_away(database: Database, sink: SqlSink) -> None:
    if database.kind != "postgresql":
        return
    sink.open(JOURNAL_ID, 0)
    assert sink._writer is not None
    sink._writer.connection.exec_driver_sql("SET default_transaction_read_only = on")
    sink._writer.connection.commit()

    with pytest.raises(SinkAway, match="read-only"):
        sink.write([Market().apply(buy())])


@pytest.mark.postgres
def test_commit_of_a_killed_process_that_ends_late_is_not_raced(postgres_url: str) -> None:
    """The successor stays away while the killed one's session lasts, and then finds its last commit."""
    market, ending, may_end = busy_market(10), Event(), Event()

    def end_late(connection: Connection) -> None:
        ending.set()
        may_end.wait(WAIT_SECONDS)

    with closing(Database(postgres_url)) as killed, closing(Database(postgres_url)) as database:
        dying, sink = SqlSink(killed), SqlSink(database)
        dying.open(JOURNAL_ID, market.end)
        event.listen(killed.engine, "commit", end_late)
        with ThreadPoolExecutor(1) as pool:
            written = pool.submit(dying.write, market.journal[:10])
            assert ending.wait(WAIT_SECONDS)
            with pytest.raises(SinkAway, match="advisory lock"):
                sink.open(JOURNAL_ID, market.end)
            may_end.set()
            written.result()
        dying.close()

        assert sink.open(JOURNAL_ID, market.end) == market.journal[9].record.last_sequence
        write_rest(sink, market)
        assert_projected(database, market)
        sink.close()


@pytest.mark.postgres
def test_server_that_hangs_in_a_batch_is_away_and_has_it_once_it_goes_on(postgres_server: PostgresCluster) -> None:
    market = busy_market(10)
    with closing(Database(postgres_server.url)) as database, closing(SqlSink(database, seconds_first=1)) as sink:
        sink.open(JOURNAL_ID, market.end)
        sink.write(market.journal[:10])
        postgres_server.freeze()
        try:
            with pytest.raises(SinkAway, match="no answer within"):
                sink.write(market.journal[10:20])
            with pytest.raises(SinkAway):
                sink.open(JOURNAL_ID, market.end)
        finally:
            postgres_server.thaw()

        sink.open(JOURNAL_ID, market.end)
        write_rest(sink, market)
        assert_projected(database, market)


@pytest.mark.postgres
def test_batch_that_takes_longer_than_allowed_is_allowed_more_time_until_it_is_written(
    postgres_server: PostgresCluster,
) -> None:
    market = busy_market(10)
    with closing(Database(postgres_server.url)) as database, closing(SqlSink(database, seconds_first=1)) as sink:
        sink.open(JOURNAL_ID, market.end)
        with database.engine.connect() as connection:
            for statement in SLOW_INSERTS:
                connection.exec_driver_sql(statement)
            connection.commit()
        sink.open(JOURNAL_ID, market.end)
        with pytest.raises(SinkAway, match="statement timeout"):
            write_rest(sink, market)

        sink.open(JOURNAL_ID, market.end)
        write_rest(sink, market)

        assert_projected(database, market)
