"""Making the database anew from the journal: empty the projection, then project everything again.

A rebuilding that is interrupted is no harm: the checkpoint says how far it came, and the next server goes on there.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sqlalchemy import Connection, update

from order_engine.database.checkpoint import check_same_journal, claim_checkpoint
from order_engine.database.database import Database
from order_engine.database.tables import Base, CheckpointRow, SnapshotRow
from order_engine.exchange.applied import Applied
from order_engine.followers.sql.projection_store import ProjectionStore
from order_engine.followers.sql.projector import batches

BATCH_EVENTS_MAX = 2_000
_NO_PROJECTION = frozenset({CheckpointRow.__tablename__, SnapshotRow.__tablename__})


class Rebuilt(NamedTuple):
    """What was projected."""

    records: int
    sequence: int


def rebuild(
    database: Database, journal_id: str, history: Iterable[Applied], report: Callable[[int], None] = lambda _: None
) -> Rebuilt:
    """Empty the projection in ``database`` and fill it with the whole ``history`` of a journal.

    Raises ``ForeignCheckpoint`` if the database is another journal's, ``DatabaseUnavailable`` if it cannot be asked.
    """
    database.upgrade()
    with database.writing() as session:
        connection = session.connection()
        check_same_journal(claim_checkpoint(connection, journal_id), journal_id)
        _empty(connection)
    store = ProjectionStore(database)
    records = sequence = 0
    try:
        store.open(journal_id, 0)
        for batch in batches(history, BATCH_EVENTS_MAX):
            sequence = store.write(batch)
            records += len(batch)
            report(sequence)
    finally:
        store.close()
    return Rebuilt(records, sequence)


def _empty(connection: Connection) -> None:
    """Delete every row that the journal gives; copies of snapshots stay."""
    names = [name for name in Base.metadata.tables if name not in _NO_PROJECTION]
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(f"TRUNCATE {', '.join(names)}")
    else:
        for name in names:
            connection.exec_driver_sql(f"DELETE FROM {name}")
    connection.execute(update(CheckpointRow).values(sequence=0, updated_ns=0))
