"""Ends calls to a PostgreSQL server that does not answer any more.

The server itself applies ``statement_timeout``. A stopped or frozen server does not, and the driver would wait for
ever. So a thread cuts the connection of a call that takes too long. The call then fails as if the server had closed the
connection, and the connection is discarded.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Condition, Thread
from time import monotonic
from typing import Any

import psycopg2  # type: ignore[import-untyped] # the driver ships no types
from psycopg2 import extensions

CHECK_SECONDS = 0.1


class HangGuard:
    """Watches the calls in progress, in a thread that sleeps while there are none."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._calls: dict[_Call, None] = {}
        self._thread: Thread | None = None
        self._is_idle = False

    @contextmanager
    def watching(self, connection: extensions.connection, seconds: float) -> Iterator[None]:
        """Cut the connection and raise ``OperationalError`` if the block takes longer than ``seconds``."""
        call = _Call(connection, monotonic() + seconds)
        with self._changed:
            self._calls[call] = None
            if self._thread is None:
                self._thread = Thread(target=self._watch, name="database-guard", daemon=True)
                self._thread.start()
            if self._is_idle:
                self._changed.notify()
        try:
            yield
        except psycopg2.Error as error:
            if call.is_cut:
                raise psycopg2.OperationalError(f"no answer within {seconds:g} s") from error
            raise
        finally:
            with self._changed:
                del self._calls[call]

    def _watch(self) -> None:
        with self._changed:
            while True:
                self._is_idle = not self._calls
                self._changed.wait(None if self._is_idle else CHECK_SECONDS)
                now = monotonic()
                for call in self._calls:
                    if now > call.until and not call.is_cut:
                        call.cut()


class _Call:
    def __init__(self, connection: extensions.connection, until: float) -> None:
        self._connection = connection
        self.until = until
        self.is_cut = False

    def cut(self) -> None:
        self.is_cut = True
        try:
            # Shut down a copy of the descriptor, which the driver owns. That wakes the call that reads from the socket.
            with socket.socket(fileno=os.dup(self._connection.fileno())) as shared:
                shared.shutdown(socket.SHUT_RDWR)
        except (OSError, psycopg2.Error):
            return  # It is closed already.


class GuardedConnection(extensions.connection):  # type: ignore[misc] # it has no types
    """A connection whose calls are bounded in time. The driver offers only inheritance to wrap them."""

    def __init__(
        self, guard: HangGuard, patience_seconds: float, dsn: str, *arguments: Any
    ) -> None:  # Any: the driver's
        super().__init__(dsn, *arguments)
        self.cursor_factory = GuardedCursor
        self._guard = guard
        self.patience_seconds = patience_seconds

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Bound the time of a block."""
        with self._guard.watching(self, self.patience_seconds):
            yield

    def commit(self) -> None:
        """Commit, in bounded time."""
        with self.watched():
            super().commit()

    def rollback(self) -> None:
        """Roll back, in bounded time."""
        with self.watched():
            super().rollback()


class GuardedCursor(extensions.cursor):  # type: ignore[misc] # it has no types
    """A cursor of a guarded connection."""

    connection: GuardedConnection

    # Any: what the driver takes.

    def execute(self, query: Any, vars: Any = None) -> None:
        """Execute a statement, in bounded time."""
        with self.connection.watched():
            super().execute(query, vars)

    def executemany(self, query: Any, vars_list: Any) -> None:
        """Execute a statement many times, in bounded time."""
        with self.connection.watched():
            super().executemany(query, vars_list)

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        """Copy rows, in bounded time."""
        with self.connection.watched():
            super().copy_expert(sql, file, size)


def guarded(guard: HangGuard, patience_seconds: float) -> dict[str, Callable[..., GuardedConnection]]:
    """Return the driver's arguments for guarded connections."""
    return {"connection_factory": partial(GuardedConnection, guard, patience_seconds)}
