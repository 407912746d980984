"""The connection that writes to the database, and the lock that keeps it the only one."""

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
from order_engine.exchange.memory_limit import memory_limit_bytes

LOCK_SUFFIX = ".follower"
_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "wal_autocheckpoint=4000")
# The cache is large because writes spread over the indexes by user and order.
CACHE_KIB_MAX = 64 << 10
CACHE_SHARE = 32
"""The cache takes at most this fraction of the memory."""
_LOCK_KEY = 5_127_634_602
_LOCK_NOT_AVAILABLE = "55P03"


class WriterLock:
    """A lock file beside a SQLite file. The lock ends with its process; a forked child does not hold it."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise DatabaseUnavailable(f"sqlite: another process writes to this database: it holds {path}") from None
        _close_in_children(weakref.ref(self))

    def close(self) -> None:
        """Release the lock."""
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
    """A connection that writes. One thread uses it; after an error it is closed and a new one is opened."""

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
        """Drop the connection, in whatever state it is, then release the lock."""
        with suppress(*errors):
            self.connection.invalidate()
        with suppress(*errors):
            self.connection.close()
        if self._lock is not None:
            self._lock.close()


def lock_postgresql(connection: Connection) -> None:
    """Take the advisory lock, which this connection's session holds until it ends.

    Wait a moment for it: the session of a killed process may still be in its last commit.
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
    """Bound a statement on PostgreSQL to ``seconds``, and the wait for its result to a little more."""
    connection.exec_driver_sql(f"SET statement_timeout = '{seconds}s'")
    connection.commit()
    driver: Any = connection.connection.dbapi_connection  # the guarded one, or that of a test
    driver.patience_seconds = seconds + CUT_AFTER_SECONDS


def lock_path(file: SqliteFile) -> Path:
    """Return the path of a SQLite file's lock."""
    return file.path.with_name(file.path.name + LOCK_SUFFIX)


def prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:  # Any: the pool's own record
    """Set up a connection that writes.

    With the write-ahead log readers and the writer do not wait for each other. With NORMAL a power cut may lose the
    last commits, rows and checkpoint together; the follower writes them again from the journal.
    """
    with closing(connection.cursor()) as cursor:
        # A negative size is in KiB.
        for pragma in (*_PRAGMAS, f"cache_size=-{cache_kib(memory_limit_bytes())}"):
            cursor.execute(f"PRAGMA {pragma}")


def cache_kib(memory_bytes: int) -> int:
    """Return how much of this memory SQLite may use to cache pages."""
    return min(CACHE_KIB_MAX, memory_bytes // CACHE_SHARE >> 10)
