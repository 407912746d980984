"""Reverts migrations, which no production code does."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from order_engine.database.migrations import SCRIPTS


def downgrade(engine: Engine, revision: str) -> None:
    """Revert migrations down to ``revision`` (``base``: all of them)."""
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
