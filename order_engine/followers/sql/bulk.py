"""Writes many rows at once, in the way that costs this process the least time.

SQLite gets prepared statements with many sets of parameters, PostgreSQL gets COPY. Both go straight to the driver.
"""

import csv
from collections.abc import Sequence
from contextlib import closing
from io import StringIO
from typing import Any, Protocol

from sqlalchemy import Connection

from order_engine.followers.sql.rows import Row

_COPY_BUFFER_BYTES = 1 << 16


class BulkWriter(Protocol):
    """Writes rows to one kind of database. Without rows it does nothing."""

    def insert(self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows that are not there yet."""

    def update(
        self, connection: Connection, table: str, changes: Sequence[str], key: Sequence[str], rows: Sequence[Row]
    ) -> int:
        """Change existing rows, each given as changes and key; return how many were found."""

    def upsert(
        self,
        connection: Connection,
        table: str,
        columns: Sequence[str],
        key: Sequence[str],
        changes: Sequence[str],
        rows: Sequence[Row],
    ) -> None:
        """Add rows; change only the columns ``changes`` of those that exist."""


class StatementWriter:
    """Writes with prepared statements, each with many sets of parameters."""

    def insert(self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows that are not there yet."""
        self._execute(connection, _insert(table, columns), rows)

    def update(
        self, connection: Connection, table: str, changes: Sequence[str], key: Sequence[str], rows: Sequence[Row]
    ) -> int:
        """Change rows that are there; return how many were."""
        statement = f"UPDATE {table} SET {_listed(changes, '{0} = ?')} WHERE {_listed(key, '{0} = ?', ' AND ')}"
        return self._execute(connection, statement, rows)

    def upsert(
        self,
        connection: Connection,
        table: str,
        columns: Sequence[str],
        key: Sequence[str],
        changes: Sequence[str],
        rows: Sequence[Row],
    ) -> None:
        """Add rows; of those that are there change these columns."""
        self._execute(connection, _insert(table, columns) + _on_conflict(key, changes), rows)

    def _execute(self, connection: Connection, statement: str, rows: Sequence[Row]) -> int:
        if not rows:
            return 0
        return connection.exec_driver_sql(statement, list(rows)).rowcount


class CopyWriter:
    """Writes with COPY, which is much faster than statements; changes go through a temporary table."""

    def insert(self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows that are not there yet."""
        if rows:
            # No stored text is ever empty, so an empty CSV field is always NULL.
            text = StringIO()
            csv.writer(text).writerows(rows)
            text.seek(0)
            with closing(connection.connection.cursor()) as cursor:
                driver_cursor: Any = cursor  # COPY is no part of the standard interface
                statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv)"
                driver_cursor.copy_expert(statement, text, _COPY_BUFFER_BYTES)

    def update(
        self, connection: Connection, table: str, changes: Sequence[str], key: Sequence[str], rows: Sequence[Row]
    ) -> int:
        """Change rows that are there; return how many were."""
        if not rows:
            return 0
        staged = self._stage(connection, table, (*changes, *key), rows)
        # Otherwise the planner may scan the whole table instead of looking up a few hundred keys in the index.
        connection.exec_driver_sql("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
        return connection.exec_driver_sql(
            f"UPDATE {table} SET {_listed(changes, '{0} = staged.{0}')} FROM {staged} AS staged "
            f"WHERE {_listed(key, table + '.{0} = staged.{0}', ' AND ')}"
        ).rowcount

    def upsert(
        self,
        connection: Connection,
        table: str,
        columns: Sequence[str],
        key: Sequence[str],
        changes: Sequence[str],
        rows: Sequence[Row],
    ) -> None:
        """Add rows; of those that are there change these columns."""
        if rows:
            staged = self._stage(connection, table, columns, rows)
            names = ", ".join(columns)
            connection.exec_driver_sql(
                f"INSERT INTO {table} ({names}) SELECT {names} FROM {staged}{_on_conflict(key, changes)}"
            )

    def _stage(self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> str:
        """Copy rows into a temporary table, which is emptied when the transaction ends; return its name."""
        staged = f"staged_{table}"
        connection.exec_driver_sql(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {staged} ON COMMIT DELETE ROWS "
            f"AS SELECT {', '.join(columns)} FROM {table} WITH NO DATA"
        )
        self.insert(connection, staged, columns, rows)
        return staged


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _on_conflict(key: Sequence[str], changes: Sequence[str]) -> str:
    return f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {_listed(changes, '{0} = excluded.{0}')}"


def _listed(columns: Sequence[str], form: str, separator: str = ", ") -> str:
    return separator.join(form.format(column) for column in columns)
