"""A cache of the candles and positions in the tables. It is valid between batches, because only one process writes.

After an error it must be cleared, because only the tables say what was committed.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, select, tuple_

from order_engine.database.tables import CandleRow, PositionRow
from order_engine.market_data.candles import Candle, CandleKey
from order_engine.market_data.positions import Position

PositionKey = tuple[str, str]

_ENTRIES_MAX = 100_000
_KEYS_PER_QUERY = 400
_CANDLES = CandleRow.__table__
_CANDLES_BY_KEY = _CANDLES.select().where(
    tuple_(_CANDLES.c.symbol, _CANDLES.c.seconds, _CANDLES.c.start_ns).in_(bindparam("keys", expanding=True))
)
_POSITIONS = PositionRow.__table__
_POSITIONS_BY_KEY = select(
    *(_POSITIONS.c.user_id, _POSITIONS.c.symbol),
    *(_POSITIONS.c.net_quantity_e8, _POSITIONS.c.total_cost_e16, _POSITIONS.c.realized_pnl_e16),
).where(tuple_(_POSITIONS.c.user_id, _POSITIONS.c.symbol).in_(bindparam("keys", expanding=True)))


class KnownTotals:
    """The cached candles and positions. The caller adds a batch to the objects returned."""

    def __init__(self, entries_max: int = _ENTRIES_MAX) -> None:
        self._entries_max = entries_max
        self._candles: dict[CandleKey, Candle] = {}
        self._positions: dict[PositionKey, Position] = {}

    def forget(self) -> None:
        """Clear the cache."""
        self._candles.clear()
        self._positions.clear()

    def candles(self, connection: Connection, keys: Iterable[CandleKey]) -> dict[CandleKey, Candle]:
        """Return all cached candles, after loading those of ``keys`` that the table has."""
        known = self._candles
        if len(known) > self._entries_max:
            known.clear()
        missing = [key for key in keys if key not in known]
        for row in _rows_by_key(connection, _CANDLES_BY_KEY, missing):
            known[CandleKey(*row[:3])] = Candle(*row[3:])
        return known

    def positions(self, connection: Connection, keys: Iterable[PositionKey]) -> dict[PositionKey, Position]:
        """Return all cached positions, after loading those of ``keys``; a new one is empty."""
        known = self._positions
        if len(known) > self._entries_max:
            known.clear()
        missing = [key for key in keys if key not in known]
        known.update((key, Position()) for key in missing)
        for row in _rows_by_key(connection, _POSITIONS_BY_KEY, missing):
            known[row[0], row[1]] = Position(*row[2:])
        return known


def _rows_by_key(connection: Connection, statement: Executable, keys: Sequence[tuple[str | int, ...]]) -> list[Any]:
    rows: list[Any] = []  # Any: rows of the table asked for
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        rows += connection.execute(statement, {"keys": keys[start : start + _KEYS_PER_QUERY]})
    return rows
