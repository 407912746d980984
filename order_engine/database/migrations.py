"""Bring the tables to the form that this version needs, whoever else is doing the same."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from order_engine.database.errors import MigrationFailed

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
_LOCK_KEY = 5_127_634_601


def upgrade(engine: Engine) -> None:
    """Apply what is missing, all or nothing; a second process that starts now waits and finds nothing to do."""
    with engine.connect() as connection:
        _take_turn(connection)
        _run(connection, "upgrade", "head")
        connection.commit()


def downgrade(engine: Engine, revision: str) -> None:
    """Take migrations back, down to ``revision`` (``base``: all of them)."""
    with engine.connect() as connection:
        _take_turn(connection)
        _run(connection, "downgrade", revision)
        connection.commit()


def alembic_config(connection: Connection) -> Config:
    """Tell Alembic where the scripts are and which connection to use."""
    config = Config()
    # Config treats a percent sign as the start of an interpolation.
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _take_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _run(connection: Connection, direction: str, revision: str) -> None:
    if not SCRIPTS.is_dir():
        raise MigrationFailed(f"expected the migrations in {SCRIPTS}, found nothing there")
    try:
        getattr(command, direction)(alembic_config(connection), revision)
    except CommandError as error:
        raise MigrationFailed(f"cannot {direction} the database to {revision}: {error}") from error
