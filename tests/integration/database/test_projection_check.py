"""The check of the projection finds a missing or newer database, and changes nothing."""

from contextlib import closing
from pathlib import Path

import pytest

from order_engine.database.database import Database
from order_engine.database.errors import SchemaOutdated
from order_engine.exchange.verification import DifferenceFound
from order_engine.followers.sql.projection_check import ProjectionCheck, checking_projection
from order_engine.followers.sql.sink import SqlSink
from tests.integration.database.conftest import JOURNAL_ID
from tests.integration.database.market import Market, busy_market
from tests.integration.database.migrating import downgrade
from tests.integration.database.projection_checks import check_all


def test_projection_that_is_right_is_counted(database_url: str, market: Market) -> None:
    check_all(database_url, market)


def test_check_goes_on_while_somebody_else_writes(database_url: str, database: Database, market: Market) -> None:
    whole, market.journal = market.journal, list(market.journal)
    with checking_projection(database_url) as check, closing(SqlSink(database)) as sink:
        assert isinstance(check, ProjectionCheck)
        reached = market.end
        sink.open(JOURNAL_ID, market.end)
        sink.write(busy_market(20).journal[len(whole) :])

        for applied in whole:
            check.follow(applied)
        check.finish(reached)


def test_missing_file_is_a_difference_once_the_journal_has_commands(tmp_path: Path) -> None:
    market, path = busy_market(1), tmp_path / "exchange.db"

    with pytest.raises(DifferenceFound, match="no such file") as found:
        check_all(f"sqlite:///{path}", market)

    assert found.value.where == str(path)
    assert not list(tmp_path.iterdir())


def test_missing_file_is_none_where_nothing_was_ever_commanded(tmp_path: Path) -> None:
    check_all(f"sqlite:///{tmp_path}/exchange.db", Market())


def test_database_of_a_newer_program_is_a_difference(database_url: str, database: Database, market: Market) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(DifferenceFound, match="alembic_version: expected at most 0007, found 9999"):
        check_all(database_url, market)


def test_database_of_an_older_program_is_named(database_url: str, database: Database, market: Market) -> None:
    downgrade(database.engine, "0003")

    with pytest.raises(SchemaOutdated, match="expected 0007, found 0003; start the server"):
        check_all(database_url, market)


def test_database_without_tables_was_never_projected(database_url: str) -> None:
    with closing(Database(database_url)) as database, database.engine.begin() as connection:
        connection.exec_driver_sql("SELECT 1")

    with checking_projection(database_url) as check:
        assert check is None
