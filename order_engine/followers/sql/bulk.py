"""Writes many rows at once, in the way that costs this process the least time.

SQLite gets prepared statements with many sets of parameters, PostgreSQL gets COPY. Both go straight to the driver.
"""

import csv
from collections.abc import Sequence
from contextlib import closing
from io import StringIO
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection

from order_engine.followers.sql.rows import Row

_COPY_BUFFER_BYTES = 1 << 16


class Target(NamedTuple):
    """A table, the columns of the rows to write, its key, and the columns that change in a row that exists."""

    table: str
    columns: Sequence[str]
    key: Sequence[str] = ()
    changes: Sequence[str] = ()


class BulkWriter(Protocol):
    """Writes rows to one kind of database. Without rows it does nothing."""

    def insert(self, connection: Connection, target: Target, rows: Sequence[Row]) -> None:
        """Add rows that are not there yet."""

    def update(self, connection: Connection, target: Target, rows: Sequence[Row]) -> int:
        """Change existing rows, each given as changes and key; return how many were found."""

    def upsert(self, connection: Connection, target: Target, rows: Sequence[Row]) -> None:
        """Add rows; of those that exist change only the ``changes``."""


class StatementWriter:
    """Writes with prepared statements, each with many sets of parameters."""

    def insert(self, connection: Connection, target: Target, rows: Sequence[Row]) -> None:
        """Add rows that are not there yet."""
        self._execute(connection, _insert(target), rows)

    def update(self, connection: Connection, target: Target, rows: Sequence[Row]) -> int:
        """Change existing rows; return how many were found."""
        changes, key = _listed(target.changes, "{0} = ?"), _listed(target.key, "{0} = ?", " AND ")
        return self._execute(connection, f"UPDATE {target.table} SET {changes} WHERE {key}", rows)

    def upsert(self, connection: Connection, target: Target, rows: Sequence[Row]) -> None:
        """Add rows; change those that exist."""
        self._execute(connection, _insert(target) + _on_conflict(target), rows)

    def _execute(self, connection: Connection, statement: str, rows: Sequence[Row]) -> int:
        if not rows:
            return 0
        return connection.exec_driver_sql(statement, list(rows)).rowcount


class CopyWriter:
    """Writes with COPY, which is much faster than statements; changes go through a temporary table."""

    def insert(self, connection: Connection, target: Target, rows: Sequence[Row]) -> None:
        """Add rows that are not there yet."""
        if rows:
            # No stored text is ever empty, so an empty CSV field is always NULL.
            text = StringIO()
            csv.writer(text).writerows(rows)
            text.seek(0)
            with closing(connection.connection.cursor()) as cursor:
                driver_cursor: Any = cursor  # COPY is no part of the standard interface
                statement = f"COPY {target.table} ({', '.join(target.columns)}) FROM STDIN (FORMAT csv)"
                driver_cursor.copy_expert(statement, text, _COPY_BUFFER_BYTES)

    def update(self, connection: Connection, target: Target, rows: Sequence[Row]) -> int:
        """Change existing rows; return how many were found."""
        if not rows:
            return 0
        staged = self._stage(connection, target, rows)
        # Otherwise the planner may scan the whole table instead of looking up a few hundred keys in the index.
        connection.exec_driver_sql("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
        return connection.exec_driver_sql(
            f"UPDATE {target.table} SET {_listed(target.changes, '{0} = staged.{0}')} FROM {staged} AS staged "
            f"WHERE {_listed(target.key, target.table + '.{0} = staged.{0}', ' AND ')}"
        ).rowcount

    def upsert(self, connection: Connection, target: Target, rows: Sequence[Row]) -> None:
        """Add rows; change those that exist."""
        if rows:
            staged = self._stage(connection, target, rows)
            names = ", ".join(target.columns)
            connection.exec_driver_sql(
                f"INSERT INTO {target.table} ({names}) SELECT {names} FROM {staged}{_on_conflict(target)}"
            )

    def _stage(self, connection: Connection, target: Target, rows: Sequence[Row]) -> str:
        """Copy rows into a temporary table, which is emptied when the transaction ends; return its name."""
        staged = f"staged_{target.table}"
        connection.exec_driver_sql(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {staged} ON COMMIT DELETE ROWS "
            f"AS SELECT {', '.join(target.columns)} FROM {target.table} WITH NO DATA"
        )
        self.insert(connection, target._replace(table=staged), rows)
        return staged


def _insert(target: Target) -> str:
    names, values = ", ".join(target.columns), ", ".join("?" * len(target.columns))
    return f"INSERT INTO {target.table} ({names}) VALUES ({values})"


def _on_conflict(target: Target) -> str:
    return f" ON CONFLICT ({', '.join(target.key)}) DO UPDATE SET {_listed(target.changes, '{0} = excluded.{0}')}"


def _listed(columns: Sequence[str], form: str, separator: str = ", ") -> str:
    return separator.join(form.format(column) for column in columns)
