"""Many rows at once, as fast as each database takes them: with as little of this process's time as possible.

SQLite gets prepared statements with many parameter sets, PostgreSQL gets COPY. Both go straight to the driver.
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
    """How one kind of database takes rows. Nothing happens where there are none."""

    def insert(self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows that are not there yet."""

    def update(
        self, connection: Connection, table: str, changes: Sequence[str], key: Sequence[str], rows: Sequence[Row]
    ) -> int:
        """Change rows that are there, each given as changes and key; return how many were."""

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


class StatementWriter:
    """Prepared statements, each with many sets of parameters."""

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
    """COPY, which PostgreSQL takes ten times as fast as statements; changes go through a temporary table."""

    def insert(self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows that are not there yet."""
        if rows:
            # Nothing that is stored as text can be empty, so that an empty field is always an absent value.
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
        # The planner would read the whole table rather than look some hundred keys up in its index.
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
        """Copy rows into a temporary table that is emptied at the end of the transaction; return its name."""
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
