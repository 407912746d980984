"""Writes the rows of a batch in the transaction of the caller's connection.

Sums can exceed 64 bits, so they are added here, exactly, and not by the database. Only this process writes them.
"""

from collections.abc import Mapping, Sequence

from msgspec import structs
from sqlalchemy import Connection, bindparam, delete, select, update

from order_engine.database.errors import RowsMissing
from order_engine.database.tables import InstrumentRow, PositionRow
from order_engine.followers.sql.bulk import BulkWriter, CopyWriter, StatementWriter, Target
from order_engine.followers.sql.columns import (
    INSTRUMENT_COLUMNS,
    ORDER_CHANGES,
    ORDER_COLUMNS,
    ORDER_EVENT_COLUMNS,
    ORDER_KEY,
    POSITION_COLUMNS,
    STATE_COLUMNS,
    TRADE_COLUMNS,
)
from order_engine.followers.sql.known_totals import KnownTotals, PositionKey
from order_engine.followers.sql.rows import PositionTrades, Row, Rows, position_row
from order_engine.market_data.candles import Candle, CandleKey
from order_engine.market_data.positions import Position
from order_engine.matching.commands import SessionState

_NEW_ORDERS = Target("orders", ORDER_COLUMNS)
_CHANGED_ORDERS = Target("orders", ORDER_CHANGES + ORDER_KEY, ORDER_KEY, ORDER_CHANGES)
_TRADES = Target("trades", TRADE_COLUMNS)
_ORDER_EVENTS = Target("order_events", ORDER_EVENT_COLUMNS)
# Not the state: an instrument that exists keeps it.
_INSTRUMENTS = Target(
    "instruments", INSTRUMENT_COLUMNS + STATE_COLUMNS[1:], INSTRUMENT_COLUMNS[:1], INSTRUMENT_COLUMNS[1:]
)
_CANDLES = Target("candles", CandleKey._fields + Candle.__struct_fields__, CandleKey._fields, Candle.__struct_fields__)
_POSITIONS = Target("positions", POSITION_COLUMNS, POSITION_COLUMNS[:2], POSITION_COLUMNS[2:])
_CHANGE_STATE = update(InstrumentRow).where(InstrumentRow.symbol == bindparam("symbol_of_state"))

_DELIST = delete(InstrumentRow).where(InstrumentRow.symbol == bindparam("delisted"))
_HOLDERS = select(PositionRow.user_id).where(PositionRow.symbol == bindparam("held"))


class RowWriter:
    """Writes batches to one kind of database."""

    def __init__(self, dialect_name: str) -> None:
        self._bulk: BulkWriter = CopyWriter() if dialect_name == "postgresql" else StatementWriter()
        self._totals = KnownTotals()

    def forget(self) -> None:
        """Clear the cached totals; call this after an error."""
        self._totals.forget()

    def write(self, connection: Connection, rows: Rows) -> None:
        """Write all rows of a batch."""
        bulk = self._bulk
        bulk.insert(connection, _NEW_ORDERS, rows.new_orders)
        bulk.insert(connection, _TRADES, rows.trades)
        bulk.insert(connection, _ORDER_EVENTS, rows.order_events)
        if rows.changed_orders:
            found = bulk.update(connection, _CHANGED_ORDERS, rows.changed_orders)
            if found != len(rows.changed_orders):
                raise RowsMissing(f"orders: expected {len(rows.changed_orders)} rows to change, found {found}")
        for delisted in rows.delisted:
            connection.execute(_DELIST, {"delisted": delisted})
        if rows.instruments:
            self._put_instruments(connection, rows.instruments)
        for symbol, state, since_ns in rows.states:
            changes = {"symbol_of_state": symbol, "state": state, "state_since_ns": since_ns}
            if connection.execute(_CHANGE_STATE, changes).rowcount != 1:
                raise RowsMissing(f"instruments: expected {symbol}, found nothing")
        if rows.candles:
            self._add_candles(connection, rows.candles)
        if rows.positions or rows.settlements:
            self._write_positions(connection, rows)

    def _put_instruments(self, connection: Connection, rows: Sequence[Row]) -> None:
        # A new instrument is OPEN until its state rows follow.
        updated_ns = INSTRUMENT_COLUMNS.index("updated_ns")
        whole = [(*row, SessionState.OPEN.value, row[updated_ns]) for row in rows]
        self._bulk.upsert(connection, _INSTRUMENTS, whole)

    def _add_candles(self, connection: Connection, added: Mapping[CandleKey, Candle]) -> None:
        candles = self._totals.candles(connection, added)
        for key, candle in added.items():
            if key in candles:
                candles[key].add(candle)
            else:
                candles[key] = candle
        rows = [_with_text_at(_WIDE_IN_CANDLES, (*key, *structs.astuple(candles[key]))) for key in added]
        self._bulk.upsert(connection, _CANDLES, rows)

    def _write_positions(self, connection: Connection, rows: Rows) -> None:
        keys = dict.fromkeys(rows.positions)
        for settlement in rows.settlements:
            holders = connection.execute(_HOLDERS, {"held": settlement.symbol}).scalars()
            keys |= dict.fromkeys((user_id, settlement.symbol) for user_id in holders)
        # All at once: another call may forget what is not in the table yet.
        positions = self._totals.positions(connection, keys)
        changed = {key: _row_after(key, positions[key], trades) for key, trades in rows.positions.items()}
        for settlement in rows.settlements:
            for key in keys:
                if key[1] == settlement.symbol and positions[key].net_e8:
                    ending = settlement.ending(positions[key].net_e8)
                    changed[key] = _row_after(key, positions[key], ending)
        self._bulk.upsert(connection, _POSITIONS, list(changed.values()))


# Integers that may exceed 64 bits are sent as text, which both databases accept.
_WIDE_IN_CANDLES = tuple(_CANDLES.columns.index(column) for column in ("volume_e8", "notional_e16"))
_WIDE_IN_POSITIONS = tuple(
    POSITION_COLUMNS.index(column) for column in ("net_quantity_e8", "total_cost_e16", "realized_pnl_e16")
)


def _row_after(key: PositionKey, position: Position, trades: PositionTrades) -> Row:
    """Add trades to a position; return its row."""
    for bought_e8, price_e8 in trades.trades:
        position.trade(bought_e8, price_e8)
    return _with_text_at(_WIDE_IN_POSITIONS, position_row(key, position, trades))


def _with_text_at(places: Sequence[int], row: Row) -> Row:
    written = list(row)
    for place in places:
        written[place] = str(written[place])
    return tuple(written)
