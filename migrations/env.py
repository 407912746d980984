"""Alembic runs this. The program passes its connection; for `alembic` by hand, DATABASE_URL names the database."""

import os

from alembic import context
from sqlalchemy import Connection, create_engine

from order_engine.database.database_url import parse_database_url
from order_engine.database.tables import Base


def run(connection: Connection) -> None:
    # One transaction for all of it, on SQLite too: its DDL can be rolled back, though Alembic assumes not.
    context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


def run_by_hand() -> None:
    engine = create_engine(parse_database_url(os.environ["DATABASE_URL"]))
    with engine.begin() as connection:
        run(connection)


handed_in = context.config.attributes.get("connection")
if handed_in is None:
    run_by_hand()
else:
    run(handed_in)
