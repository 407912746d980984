"""The one connection that writes to the database, and the lock that keeps it the only one."""

import fcntl
import os
import sqlite3
import weakref
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from order_engine.database.database_url import CUT_AFTER_SECONDS, LOCK_SECONDS_MAX
from order_engine.database.errors import DatabaseUnavailable
from order_engine.database.sqlite_file import SqliteFile

LOCK_SUFFIX = ".follower"
# The cache is in KiB if negative: indexes by user and by order are written all over.
_PRAGMAS = (
    *("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "wal_autocheckpoint=4000"),
    "cache_size=-65536",
)
_LOCK_KEY = 5_127_634_602
_LOCK_NOT_AVAILABLE = "55P03"


class WriterLock:
    """A lock beside a SQLite file. It ends with the process, however that ends; a forked child does not hold it."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise DatabaseUnavailable(f"sqlite: another process writes to this database: it holds {path}") from None
        _close_in_children(weakref.ref(self))

    def close(self) -> None:
        """Let another process write."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _close_in_children(reference: "weakref.ref[WriterLock]") -> None:
    def close() -> None:
        lock = reference()
        if lock is not None:
            lock.close()

    os.register_at_fork(after_in_child=close)


class Writer:
    """A connection that writes. It belongs to one thread; after an error it is closed and another one made."""

    def __init__(self, engine: Engine, lock: WriterLock | None, file: SqliteFile | None) -> None:
        self._lock = lock
        self._file = file
        self.connection: Connection = engine.connect()

    def check_file(self) -> None:
        """Raise ``DatabaseUnavailable`` if the file was deleted or replaced: what is written would be lost."""
        file = self._file
        if file is not None and file.present_identity() != file.identity:
            raise DatabaseUnavailable(f"sqlite: {file.path} was deleted or replaced while it was written to")

    def close(self, errors: Sequence[type[Exception]]) -> None:
        """Give the connection up, whatever state it is in, and the lock after it."""
        with suppress(*errors):
            self.connection.invalidate()
        with suppress(*errors):
            self.connection.close()
        if self._lock is not None:
            self._lock.close()


def lock_postgresql(connection: Connection) -> None:
    """Take the lock that the session of this connection holds until it ends.

    The session of a process that was killed may still be carrying out its last commit, so this waits for a moment.
    """
    try:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS_MAX}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK_KEY})")
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) != _LOCK_NOT_AVAILABLE:
            raise
        text = "postgresql: another process writes to this database: it holds the advisory lock"
        raise DatabaseUnavailable(text) from error
    connection.commit()


def bound_statements(connection: Connection, seconds: int) -> None:
    """Let a statement on PostgreSQL take so long, and its answer a little longer."""
    connection.exec_driver_sql(f"SET statement_timeout = '{seconds}s'")
    connection.commit()
    driver: Any = connection.connection.dbapi_connection  # the guarded one, or that of a test
    driver.patience_seconds = seconds + CUT_AFTER_SECONDS


def lock_path(file: SqliteFile) -> Path:
    """Return where the lock of a SQLite file lies."""
    return file.path.with_name(file.path.name + LOCK_SUFFIX)


def prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:  # Any: the pool's own record
    """Set up a connection that writes.

    With the write-ahead log readers and the writer do not wait for each other. NORMAL may lose the last commits when
    the power fails, never the consistency: the checkpoint is lost with the rows, and the journal has both.
    """
    with closing(connection.cursor()) as cursor:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "wal_autocheckpoint=4000",
            "cache_size=-65536",
        ):
            cursor.execute(f"PRAGMA {pragma}")
