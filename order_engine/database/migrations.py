"""Migrates the tables to this version's schema. Two processes may try at once."""

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

from order_engine.database.errors import MigrationFailed, SchemaOutdated, SchemaUnknown
from order_engine.project_files import directory_of

SCRIPTS = directory_of("migrations")
REVISION_TABLE = "alembic_version"
_LOCK_KEY = 5_127_634_601


def upgrade(connection: Connection) -> None:
    """Apply the missing migrations, all or none. A second process waits, and then finds nothing to do."""
    if known_revision(connection) == known_revisions()[-1]:
        connection.rollback()
        return
    connection.rollback()
    _take_turn(connection)
    try:
        command.upgrade(_alembic_config(connection), "head")
    except CommandError as error:
        raise MigrationFailed(f"cannot upgrade the database: {error}") from error
    connection.commit()


def check_revision(connection: Connection) -> None:
    """Raise ``SchemaUnknown`` or ``SchemaOutdated`` unless the tables have this version's schema."""
    found, head = known_revision(connection), known_revisions()[-1]
    if found != head:
        raise SchemaOutdated(
            f"{REVISION_TABLE}: expected {head}, found {found}; start the server, which migrates the database, "
            "or run `python -m order_engine rebuild`"
        )


@cache
def known_revisions() -> tuple[str, ...]:
    """Return the revisions that this version can migrate from, oldest first."""
    if not SCRIPTS.is_dir():
        raise MigrationFailed(f"expected the migrations in {SCRIPTS}, found nothing there")
    scripts = ScriptDirectory.from_config(_alembic_config(None))
    return tuple(script.revision for script in scripts.walk_revisions())[::-1]


def known_revision(connection: Connection) -> str | None:
    """Return the revision of the tables, None if there are none; raise ``SchemaUnknown`` if it is a newer one."""
    if not inspect(connection).has_table(REVISION_TABLE):
        return None
    found: str | None = connection.exec_driver_sql(f"SELECT version_num FROM {REVISION_TABLE}").scalar()
    if found is not None and found not in known_revisions():
        raise SchemaUnknown(REVISION_TABLE, f"at most {known_revisions()[-1]}", found)
    return found


def _alembic_config(connection: Connection | None) -> Config:
    config = Config()
    # Config treats a percent sign as the start of an interpolation.
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _take_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
