"""A SQLite database in memory that can restore committed states and fail commits."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from order_engine.database.database import Database
from order_engine.database.migrations import upgrade
from order_engine.database.writer import Writer

Watcher = Callable[[str], None]


class _LastingConnection(sqlite3.Connection):
    """A connection that survives ``close``, as a database does, and calls its owner before and after a commit."""

    database: "MemoryDatabase"

    def __init__(self, *arguments: Any, **options: Any) -> None:  # Any: SQLite's types
        super().__init__(*arguments, **options)
        self._cursors: WeakSet[sqlite3.Cursor] = WeakSet()

    def cursor(self, *arguments: Any) -> sqlite3.Cursor:  # type: ignore[override]  # Any: SQLite's types
        cursor: sqlite3.Cursor = super().cursor(*arguments)
        self._cursors.add(cursor)
        return cursor

    def close_cursors(self) -> None:
        """End every read: a read in a replaced image would crash the interpreter."""
        for cursor in tuple(self._cursors):
            cursor.close()

    def commit(self) -> None:
        if self.in_transaction:
            self.database.watcher("before commit")
            super().commit()
            self.database.note_commit()
            self.database.watcher("after commit")

    def close(self) -> None:
        self.rollback()


class MemoryDatabase(Database):
    """A database for one thread. ``watcher`` is called around each commit, and may raise ``sqlite3.Error``."""

    def __init__(self) -> None:
        self.watcher: Watcher = lambda moment: None
        self._connection = sqlite3.connect(":memory:", factory=_LastingConnection, check_same_thread=False)
        self._connection.database = self
        self._connection.execute("PRAGMA page_size=1024")
        self.url = make_url("sqlite+pysqlite:///:memory:")
        self.engine = self._reading_engine = create_engine(
            self.url, poolclass=StaticPool, creator=lambda: self._connection
        )
        self._file = self._read_file = None
        self.commits: list[bytes] = []
        self.safe_count = 1
        self.upgrade()
        self.empty = self._connection.serialize()
        self.restore(self.empty)

    @property
    def image(self) -> bytes:
        """The whole database as it was committed last."""
        return self.commits[-1]

    def restore(self, image: bytes) -> None:
        """Restore an earlier state; what was not committed is lost."""
        self._connection.close_cursors()
        self._connection.rollback()
        self._connection.deserialize(image)
        self.commits = [image]
        self.safe_count = 1

    @property
    def commits_after_power_cut(self) -> tuple[bytes, ...]:
        """The states that a power cut may leave, from the last synced one to the newest."""
        return tuple(self.commits[self.safe_count - 1 :])

    def open_writer(self, seconds_max: int = 0) -> Writer:
        with self.translated():
            writer = Writer(self.engine, None, None)
            upgrade(writer.connection)
        return writer

    def sync(self, connection: Connection) -> None:
        self.watcher("before hardening")
        self.safe_count = len(self.commits)

    def abandon(self) -> None:
        """Roll back what was not committed, as when a process ends."""
        self._connection.rollback()

    def note_commit(self) -> None:
        self.commits.append(self._connection.serialize())

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.translated(), Session(self.engine) as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()
