"""Migrations and models agree, on both databases, from every revision, and with two processes at once."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from order_engine.database.database import Database
from order_engine.database.errors import DatabaseRefused, SchemaUnknown
from order_engine.database.tables import Base
from tests.integration.database.migrating import downgrade

UPGRADE = """
import sys
from order_engine.database.database import Database
database = Database(sys.argv[1])
sys.stdin.readline()
database.upgrade()
"""


def test_migrated_database_has_exactly_the_tables_of_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    assert difference == []


def test_migrated_database_has_the_partial_indexes_of_the_models(database: Database) -> None:
    # Alembic's comparison does not look at the condition of an index.
    where = f"{database.kind}_where"
    found = {
        index["name"]
        for table in Base.metadata.tables
        for index in inspect(database.engine).get_indexes(table)
        if where in index.get("dialect_options", {})
    }

    assert found == {"orders_by_client_order_id"}


def test_downgrade_removes_every_table_and_upgrade_brings_them_back(database: Database) -> None:
    downgrade(database.engine, "base")
    without = set(inspect(database.engine).get_table_names())

    database.upgrade()

    assert without == {"alembic_version"}
    assert set(inspect(database.engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}


def test_copies_of_snapshots_are_dropped(database: Database) -> None:
    downgrade(database.engine, "0003")
    before = set(inspect(database.engine).get_table_names())

    database.upgrade()

    assert before - set(inspect(database.engine).get_table_names()) == {"book_snapshots"}


def test_upgrade_of_a_current_database_changes_nothing(database: Database) -> None:
    database.upgrade()

    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_database_of_a_newer_version_is_refused_by_name(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaUnknown, match="expected at most 0007, found 9999"):
        database.upgrade()


def test_of_two_processes_that_start_at_once_one_is_refused_or_both_find_the_tables(
    database_url: str, tmp_path: Path
) -> None:
    root = Path(__file__).resolve().parents[3]
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE, database_url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={"PYTHONPATH": str(root)},
        )
        for _ in range(2)
    ]

    for starter in starters:
        assert starter.stdin is not None
        starter.stdin.write("go\n")
        starter.stdin.flush()
    complaints = [starter.communicate(timeout=60)[1] for starter in starters]
    assert 0 in [starter.returncode for starter in starters], complaints
    assert all("another process writes" in complaint for complaint in complaints if complaint), complaints
    with closing(Database(database_url)) as database:
        assert "orders" in inspect(database.engine).get_table_names()


def test_failing_migration_leaves_nothing_behind(database_url: str) -> None:
    with closing(Database(database_url)) as database:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE trades (mine INTEGER)")

        with pytest.raises(DatabaseRefused, match="already exists"):
            database.upgrade()

        assert set(inspect(database.engine).get_table_names()) == {"trades"}
