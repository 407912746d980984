"""A rebuild replaces a database with any fault, unless another program or journal made it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from order_engine.database.database import Database
from order_engine.database.errors import DatabaseNotOurs, DatabaseUnavailable, ForeignCheckpoint, SchemaUnknown
from order_engine.database.writer import LOCK_SUFFIX
from order_engine.exchange.applied import Applied
from order_engine.followers.sink import SinkFaulted
from order_engine.followers.sql.rebuilding import Rebuilt, rebuild
from order_engine.followers.sql.sink import SqlSink
from order_engine.queries.queries import Queries
from tests.integration.database.conftest import JOURNAL_ID, write_rest
from tests.integration.database.market import Market, busy_market, buy, cancel
from tests.integration.database.projection_checks import assert_projected

DAMAGE = [
    "DELETE FROM orders",
    "UPDATE trades SET price_e8 = 1",
    "DROP TABLE orders",
    "ALTER TABLE trades DROP COLUMN trade_id",
    "DROP TABLE projection_checkpoint",
    "ALTER TABLE projection_checkpoint DROP COLUMN sequence",
    "UPDATE projection_checkpoint SET sequence = 1000000",
    "DELETE FROM alembic_version",
]


def execute(database: Database, statement: str) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    database.engine.dispose()


@pytest.mark.parametrize("statement", DAMAGE)
def test_damaged_tables_are_made_anew(database: Database, market: Market, statement: str) -> None:
    execute(database, statement)

    rebuilt = rebuild(database, JOURNAL_ID, market.journal)

    assert rebuilt == Rebuilt(len(market.journal), market.end)
    assert_projected(database, market)


def test_deleted_row_faults_the_sink_and_a_rebuild_repairs_it(
    database: Database, sink: SqlSink, market: Market
) -> None:
    last = market.apply(buy(price=1))
    sink.open(JOURNAL_ID, market.end)
    write_rest(sink, market)
    execute(database, f"DELETE FROM orders WHERE sequence = {last.record.sequence}")
    market.apply(cancel(str(last.record.sequence)))
    with pytest.raises(SinkFaulted, match="order_engine rebuild"):
        write_rest(sink, market)
    sink.close()

    rebuild(database, JOURNAL_ID, market.journal)

    assert_projected(database, market)
    assert sink.open(JOURNAL_ID, market.end) == market.end


@pytest.mark.parametrize("content", [b"", b"no database at all, but some text that is long enough" * 100])
def test_malformed_sqlite_file_is_replaced(tmp_path: Path, content: bytes) -> None:
    path, market = tmp_path / "exchange.db", busy_market(3)
    path.write_bytes(content)
    with closing(Database(f"sqlite:///{path}")) as database:
        rebuild(database, JOURNAL_ID, market.journal)

        assert_projected(database, market)
    assert {found.name for found in tmp_path.iterdir()} <= {
        *("exchange.db", "exchange.db-wal", "exchange.db-shm", f"exchange.db{LOCK_SUFFIX}")
    }


def test_old_sqlite_file_with_a_broken_page_is_replaced(tmp_path: Path) -> None:
    path, market = tmp_path / "exchange.db", busy_market(50)
    with closing(Database(f"sqlite:///{path}")) as database:
        rebuild(database, JOURNAL_ID, market.journal)
        content = path.read_bytes()
        path.write_bytes(content[:4096] + bytes(len(content) - 4096))

        rebuild(database, JOURNAL_ID, market.journal)

        assert_projected(database, market)


def test_progress_is_reported(database: Database) -> None:
    market, said = busy_market(10), list[int]()

    rebuild(database, JOURNAL_ID, market.journal, said.append)

    assert said == [market.end]


def interrupted(records: list[Applied]) -> Iterator[Applied]:
    yield from records
    raise KeyboardInterrupt


def test_interrupted_rebuild_leaves_a_database_that_goes_on(database: Database, sink: SqlSink, market: Market) -> None:
    with pytest.raises(KeyboardInterrupt):
        rebuild(database, JOURNAL_ID, interrupted(market.journal[:5]))

    sink.open(JOURNAL_ID, market.end)
    write_rest(sink, market)
    assert_projected(database, market)


def test_interrupted_rebuild_leaves_the_sqlite_file_as_it_was(tmp_path: Path) -> None:
    path, market = tmp_path / "exchange.db", busy_market(3)
    with closing(Database(f"sqlite:///{path}")) as database:
        rebuild(database, JOURNAL_ID, market.journal)
        with pytest.raises(KeyboardInterrupt):
            rebuild(database, JOURNAL_ID, interrupted(market.journal[:5]))

        assert_projected(database, market)
    assert not list(tmp_path.glob("*rebuilding*"))


def test_database_of_another_journal_is_left_alone(database: Database, market: Market) -> None:
    with pytest.raises(ForeignCheckpoint, match="belongs to another DATA_DIR"):
        rebuild(database, "f" * 32, [])

    assert_projected(database, market)


def test_database_of_a_newer_program_is_left_alone(database: Database, market: Market) -> None:
    execute(database, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaUnknown, match="a newer program wrote this database"):
        rebuild(database, JOURNAL_ID, market.journal)

    assert_projected(database, market)


def test_tables_of_another_program_are_left_alone(database_url: str) -> None:
    with closing(Database(database_url)) as database:
        execute(database, "CREATE TABLE trades (mine INTEGER)")

        with pytest.raises(DatabaseNotOurs, match="another program made them"):
            rebuild(database, JOURNAL_ID, [])

        execute(database, "INSERT INTO trades VALUES (1)")


def test_database_that_is_written_to_is_left_alone(database: Database, database_url: str, market: Market) -> None:
    with closing(Database(database_url)) as other, closing(SqlSink(other)) as sink:
        sink.open(JOURNAL_ID, market.end)

        with pytest.raises(DatabaseUnavailable, match="another process writes to this database"):
            rebuild(database, JOURNAL_ID, [])

    assert len(Queries(database).orders().orders) > 0
