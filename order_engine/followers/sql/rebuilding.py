"""Rebuilds the database from the journal, even if the old one is damaged.

SQLite: fills a new file beside the old one, which stays unchanged until the new one replaces it. PostgreSQL: drops,
creates and fills the tables; if that is interrupted, the next server goes on from the checkpoint.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, inspect

from order_engine.database.checkpoint import check_same_journal, read_checkpoint
from order_engine.database.database import MIGRATION_SECONDS_MAX, Database
from order_engine.database.database_url import sqlite_path
from order_engine.database.errors import DatabaseNotOurs, DatabaseRefused, DatabaseUnavailable
from order_engine.database.migrations import REVISION_TABLE, known_revision
from order_engine.database.sqlite_file import replace_file
from order_engine.database.tables import Base, CheckpointRow
from order_engine.database.writer import LOCK_SUFFIX, WriterLock, bound_statements, lock_postgresql
from order_engine.exchange.applied import Applied
from order_engine.followers.sink import SinkAway, SinkFaulted
from order_engine.followers.sql.sink import SqlSink

BATCH_RECORDS_MAX = 1_000
_UNFINISHED = ".rebuilding"
Report = Callable[[int], None]


class Rebuilt(NamedTuple):
    """How many records were projected, up to which sequence."""

    records: int
    sequence: int


def rebuild(
    database: Database, journal_id: str, history: Iterable[Applied], report: Report = lambda _: None
) -> Rebuilt:
    """Fill a new projection with the whole ``history`` of a journal.

    Raises ``ForeignCheckpoint`` if the database belongs to another journal, ``SchemaUnknown`` if a newer program wrote
    it, ``DatabaseNotOurs`` if another program made its tables, ``DatabaseUnavailable`` if it cannot be reached.
    """
    path = sqlite_path(database.url)
    if path is None:
        _empty_postgresql(database, journal_id)
        return _fill(database, journal_id, history, report)
    with database.translated():
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(path.with_name(path.name + LOCK_SUFFIX))
    with closing(lock):
        _check_sqlite(database, path, journal_id)
        return _fill_beside(database, path, journal_id, history, report)


def _fill_beside(
    database: Database, path: Path, journal_id: str, history: Iterable[Applied], report: Report
) -> Rebuilt:
    unfinished = path.with_name(path.name + _UNFINISHED)
    _remove_unfinished(unfinished)
    try:
        with closing(Database(f"sqlite:///{unfinished}")) as beside:
            rebuilt = _fill(beside, journal_id, history, report)
        with database.translated():
            replace_file(unfinished, path)
    finally:
        _remove_unfinished(unfinished)
    return rebuilt


def _remove_unfinished(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", LOCK_SUFFIX):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _fill(database: Database, journal_id: str, history: Iterable[Applied], report: Report) -> Rebuilt:
    sink, records = SqlSink(database, MIGRATION_SECONDS_MAX), 0
    try:
        sink.open(journal_id, 0)
        for batch in _batches(history):
            sink.write(batch)
            records += len(batch)
            report(sink.sequence)
        sink.sync()
    except SinkAway as error:
        raise DatabaseUnavailable(str(error)) from error
    except SinkFaulted as error:
        raise DatabaseRefused(str(error)) from error
    finally:
        sink.close()
    return Rebuilt(records, sink.sequence)


def _batches(history: Iterable[Applied]) -> Iterator[list[Applied]]:
    batch: list[Applied] = []
    for applied in history:
        batch.append(applied)
        if len(batch) >= BATCH_RECORDS_MAX:
            yield batch
            batch = []
    if batch:
        yield batch


def _check_sqlite(database: Database, path: Path, journal_id: str) -> None:
    if path.exists():
        # A database that cannot be read is what a rebuild is for.
        with suppress(DatabaseRefused), database.translated(), database.reading_connection() as connection:
            _check_ours(connection, journal_id)


def _empty_postgresql(database: Database, journal_id: str) -> None:
    with database.translated(), database.engine.connect() as connection:
        try:
            lock_postgresql(connection)
            _check_postgresql(database, connection, journal_id)
            bound_statements(connection, MIGRATION_SECONDS_MAX)
            with connection.begin():
                names = ", ".join(chain(Base.metadata.tables, [REVISION_TABLE, "book_snapshots"]))
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {names}")
        finally:
            # The lock belongs to the session, which would go back to the pool.
            connection.invalidate()


def _check_postgresql(database: Database, connection: Connection, journal_id: str) -> None:
    # A database that cannot be read is what a rebuild is for.
    with suppress(DatabaseRefused), database.translated(), connection.begin():
        _check_ours(connection, journal_id)


def _check_ours(connection: Connection, journal_id: str) -> None:
    """Refuse a database of another journal, of a newer program, or with tables that another program made."""
    names = set(inspect(connection).get_table_names())
    if REVISION_TABLE in names:
        known_revision(connection)
    elif names & Base.metadata.tables.keys():
        raise DatabaseNotOurs(f"found tables but no {REVISION_TABLE}: another program made them; name another database")
    if CheckpointRow.__tablename__ in names:
        found = read_checkpoint(connection)
        if found is not None:
            check_same_journal(found, journal_id)
