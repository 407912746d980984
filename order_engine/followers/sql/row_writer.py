"""Write the rows of a batch, as fast as each database can: with as little of this process's time as possible.

SQLite gets prepared statements with many parameter sets, PostgreSQL gets COPY. Both go straight to the driver, inside
the transaction of the SQLAlchemy connection that is handed in.
"""

import csv
from collections.abc import Sequence
from contextlib import closing
from io import StringIO
from typing import Any, Protocol

from sqlalchemy import Connection, Executable, bindparam, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from order_engine.database.errors import RowsMissing
from order_engine.database.tables import Base, CandleRow, InstrumentRow, PositionRow
from order_engine.followers.sql.rows import (
    INSTRUMENT_COLUMNS,
    ORDER_CHANGES,
    ORDER_COLUMNS,
    ORDER_EVENT_COLUMNS,
    ORDER_KEY,
    POSITION_COLUMNS,
    TRADE_COLUMNS,
    PositionTrades,
    Row,
    Rows,
    position_row,
)
from order_engine.market_data.candles import Candle, CandleKey
from order_engine.market_data.positions import Position
from order_engine.matching.commands import SessionState

_KEYS_PER_QUERY = 400
_CANDLE_KEY = CandleKey._fields
_CANDLES = CandleRow.__table__
_CANDLES_BY_KEY = _CANDLES.select().where(
    tuple_(_CANDLES.c.symbol, _CANDLES.c.seconds, _CANDLES.c.start_ns).in_(bindparam("keys", expanding=True))
)
_POSITION_KEY = ("user_id", "symbol")
_POSITIONS = PositionRow.__table__
_POSITIONS_BY_KEY = select(
    *(_POSITIONS.c.user_id, _POSITIONS.c.symbol),
    *(_POSITIONS.c.net_quantity_e8, _POSITIONS.c.total_cost_e16, _POSITIONS.c.realized_pnl_e16),
).where(tuple_(_POSITIONS.c.user_id, _POSITIONS.c.symbol).in_(bindparam("keys", expanding=True)))
_CHANGE_STATE = update(InstrumentRow).where(InstrumentRow.symbol == bindparam("symbol_of_state"))


class BulkWriter(Protocol):
    """How one kind of database takes rows."""

    def insert(self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows that are not there yet."""

    def update_orders(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Change orders that are there; return how many were."""


class RowWriter:
    """Writes batches to one kind of database."""

    def __init__(self, dialect_name: str) -> None:
        self._bulk: BulkWriter = CopyWriter() if dialect_name == "postgresql" else StatementWriter()
        self._put_instruments = _upsert(dialect_name, InstrumentRow, ("symbol",), INSTRUMENT_COLUMNS[1:])
        self._put_candles = _upsert(dialect_name, CandleRow, _CANDLE_KEY, Candle.__struct_fields__)
        self._put_positions = _upsert(dialect_name, PositionRow, _POSITION_KEY, POSITION_COLUMNS[2:])

    def write(self, connection: Connection, rows: Rows) -> None:
        """Write all rows of a batch in the transaction of ``connection``."""
        self._bulk.insert(connection, "orders", ORDER_COLUMNS, rows.new_orders)
        self._bulk.insert(connection, "trades", TRADE_COLUMNS, rows.trades)
        self._bulk.insert(connection, "order_events", ORDER_EVENT_COLUMNS, rows.order_events)
        if rows.changed_orders:
            found = self._bulk.update_orders(connection, rows.changed_orders)
            if found != len(rows.changed_orders):
                raise RowsMissing(f"orders: expected {len(rows.changed_orders)} rows to change, found {found}")
        if rows.instruments:
            connection.execute(self._put_instruments, list(map(_instrument_row, rows.instruments)))
        for symbol, state, since_ns in rows.states:
            changes = {"symbol_of_state": symbol, "state": state, "state_since_ns": since_ns}
            if connection.execute(_CHANGE_STATE, changes).rowcount != 1:
                raise RowsMissing(f"instruments: expected {symbol}, found nothing")
        if rows.candles:
            self._add_candles(connection, rows.candles)
        if rows.positions:
            self._add_trades_to_positions(connection, rows.positions)

    # Sums beyond 64 bits are made here, exactly, and not by the database: nobody else writes candles and positions.

    def _add_candles(self, connection: Connection, added: dict[CandleKey, Candle]) -> None:
        candles = {
            CandleKey(*row[:3]): Candle(*row[3:]) for row in _rows_by_key(connection, _CANDLES_BY_KEY, list(added))
        }
        for key, candle in added.items():
            if key in candles:
                candles[key].add(candle)
            else:
                candles[key] = candle
        connection.execute(self._put_candles, [_candle_row(key, candle) for key, candle in candles.items()])

    def _add_trades_to_positions(self, connection: Connection, added: dict[tuple[str, str], PositionTrades]) -> None:
        positions = {
            (row[0], row[1]): Position(*row[2:]) for row in _rows_by_key(connection, _POSITIONS_BY_KEY, list(added))
        }
        for key, (trades, _, _) in added.items():
            position = positions.setdefault(key, Position())
            for bought_e8, price_e8 in trades:
                position.trade(bought_e8, price_e8)
        written = (position_row(key, positions[key], trades) for key, trades in added.items())
        rows = [dict(zip(POSITION_COLUMNS, row, strict=True)) for row in written]
        connection.execute(self._put_positions, rows)


class StatementWriter:
    """Prepared statements, each with many sets of parameters."""

    def insert(self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows that are not there yet."""
        if rows:
            marks = ", ".join("?" * len(columns))
            connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", list(rows))

    def update_orders(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Change orders that are there; return how many were."""
        changes = ", ".join(f"{column} = ?" for column in ORDER_CHANGES)
        return connection.exec_driver_sql(f"UPDATE orders SET {changes} WHERE sequence = ?", list(rows)).rowcount


class CopyWriter:
    """COPY, which PostgreSQL takes ten times as fast as statements."""

    def insert(self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows that are not there yet."""
        if rows:
            # Nothing that is stored as text can be empty, so that an empty field is always an absent value.
            text = StringIO()
            csv.writer(text).writerows(rows)
            text.seek(0)
            with closing(connection.connection.cursor()) as cursor:
                driver_cursor: Any = cursor  # COPY is no part of the standard interface
                driver_cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv)", text, 1 << 16)

    def update_orders(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Change orders that are there; return how many were."""
        columns = ORDER_CHANGES + ORDER_KEY
        connection.exec_driver_sql(
            "CREATE TEMPORARY TABLE IF NOT EXISTS changed_orders ON COMMIT DELETE ROWS "
            f"AS SELECT {', '.join(columns)} FROM orders WITH NO DATA"
        )
        self.insert(connection, "changed_orders", columns, rows)
        changes = ", ".join(f"{column} = changed.{column}" for column in ORDER_CHANGES)
        return connection.exec_driver_sql(
            f"UPDATE orders SET {changes} FROM changed_orders AS changed WHERE orders.sequence = changed.sequence"
        ).rowcount


def _upsert(dialect_name: str, model: type[Base], key: Sequence[str], columns: Sequence[str]) -> Executable:
    insert = (postgresql.insert if dialect_name == "postgresql" else sqlite.insert)(model)
    changes = {column: insert.excluded[column] for column in columns}
    return insert.on_conflict_do_update(index_elements=key, set_=changes)


def _rows_by_key(connection: Connection, statement: Executable, keys: Sequence[tuple[str | int, ...]]) -> list[Any]:
    rows: list[Any] = []  # Any: rows of the table asked for
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        rows += connection.execute(statement, {"keys": keys[start : start + _KEYS_PER_QUERY]})
    return rows


def _instrument_row(row: Row) -> dict[str, str | int | None]:
    terms = dict(zip(INSTRUMENT_COLUMNS, row, strict=True))
    # Of an instrument that is there this part of the row is left as it is; for a new one the state follows.
    return {**terms, "state": SessionState.OPEN.value, "state_since_ns": terms["updated_ns"]}


def _candle_row(key: CandleKey, candle: Candle) -> dict[str, str | int]:
    totals = {column: getattr(candle, column) for column in Candle.__struct_fields__}
    return {**key._asdict(), **totals}
