"""Reads of orders, trades, candles and positions. Nothing of SQL leaves this module.

Every method may raise ``DatabaseUnavailable``; lists raise ``CursorInvalid`` for a cursor that is not theirs.
"""

from collections.abc import Collection
from typing import Any

from msgspec import convert
from sqlalchemy import ColumnElement, Select, and_, literal, or_, select, true, tuple_, union, union_all

from order_engine.database.database import Database
from order_engine.database.tables import (
    CandleRow,
    OrderEventRow,
    OrderRow,
    PositionRow,
    TradeRow,
)
from order_engine.market_data.candles import (
    HOUR,
    HOUR_NS,
    MINUTE,
    MINUTE_NS,
    Candle,
    add_up,
    first_start,
    kept_length,
    start_of,
)
from order_engine.matching.commands import PlaceOrder, Side
from order_engine.matching.events import OrderState, OrderStatus
from order_engine.queries.cursors import (
    decode_cursor,
    encode_cursor,
    trades_cursor,
)
from order_engine.queries.moments import between
from order_engine.queries.results import (
    CandlePage,
    OrderPage,
    Statistics,
    StoredOrder,
    StoredOrderEvent,
    StoredPosition,
    StoredTrade,
    TradePage,
)
from order_engine.wire.units import average_price_e8

_ORDERS = OrderRow.__table__
_TRADES = TradeRow.__table__
_ORDER_EVENTS = OrderEventRow.__table__
_CANDLES = CandleRow.__table__
_POSITIONS = PositionRow.__table__
# Whether an order ends with its connection is not in the database: it matters only while the order lives.
_PLACED_COLUMNS = {
    name: f"placed_{name}" if f"placed_{name}" in _ORDERS.c else name
    for name in PlaceOrder.__struct_fields__
    if name != "cancel_on_disconnect"
}
_STATE_COLUMNS = {name: name for name in OrderState.__struct_fields__ if name != "placed"}
_STATE_COLUMNS["timestamp_ns"] = "created_ns"
_INTEGER_MAX = (1 << 63) - 1
_STATISTICS_MINUTES = 24 * 60


class Queries:
    """Reads from the projection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def order(self, order_id: str, before: int | None = None) -> StoredOrder | None:
        """Find an order by its id; of several, the newest that was not refused. ``before`` is a sequence."""
        return self._newest_order(_ORDERS.c.order_id == order_id, before, order_id)

    def order_by_client_id(self, user_id: str, client_order_id: str, before: int | None = None) -> StoredOrder | None:
        """Find a user's newest order with a client order id; of several, the newest that was not refused."""
        named = and_(_ORDERS.c.client_order_id == client_order_id, _ORDERS.c.user_id == user_id)
        return self._newest_order(named, before, user_id, client_order_id)

    def orders(
        self,
        *,
        user_id: str | None = None,
        symbol: str | None = None,
        status: Collection[OrderStatus] = (),
        client_order_id: str | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> OrderPage:
        """List orders, newest first; of several ``status`` any. ``since_ns`` is inclusive, ``until_ns`` is not."""
        columns = _ORDERS.c
        conditions = _equalities({columns.user_id: user_id, columns.client_order_id: client_order_id})
        if symbol is not None:
            # Few orders share a client order id. SQLite does not know that: keep it from scanning the whole symbol.
            indexed = columns.symbol if client_order_id is None else columns.symbol.concat("")
            conditions.append(indexed == symbol)
        if cursor is not None:
            conditions.append(columns.sequence < decode_cursor("orders", cursor, 1)[0])
        if not _all_storable(user_id, symbol, client_order_id):
            return OrderPage([], None)
        conditions += between(self._rows, columns.sequence, columns.created_ns, since_ns, until_ns)
        found = [_stored_order(row) for row in self._rows(_orders_statement(conditions, status, limit + 1))]
        page = found[:limit]
        more = len(found) > limit
        return OrderPage(page, encode_cursor("orders", page[-1].order.sequence) if more else None)

    def trades(
        self,
        *,
        symbol: str | None = None,
        user_id: str | None = None,
        order_id: str | None = None,
        order_owner: str | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> TradePage:
        """List trades, newest first; ``since_ns`` is inclusive, ``until_ns`` is not.

        An order counts only if ``order_owner``, where given, owns it.
        """
        conditions = _equalities({_TRADES.c.symbol: symbol})
        if cursor is not None:
            conditions.append(_place_in(_TRADES) < _place_of("trades", cursor))
        if not _all_storable(symbol, user_id, order_id):
            return TradePage([], None)
        conditions += between(self._rows, _TRADES.c.sequence, _TRADES.c.executed_ns, since_ns, until_ns)
        rows = self._rows(_trades_statement(conditions, user_id, order_id, limit + 1, order_owner=order_owner))
        return _trade_page(rows, limit)

    def trades_of_order(self, stored: StoredOrder, *, limit: int = 100, cursor: str | None = None) -> TradePage:
        """List the trades of an order, newest first, up to the state that the order was read in."""
        order_id, first, last = stored.order.order_id, stored.order.sequence, stored.updated_sequence
        conditions = [_TRADES.c.sequence.between(first, last)]
        if cursor is not None:
            conditions.append(_place_in(_TRADES) < _place_of("trades", cursor))
        return _trade_page(self._rows(_trades_statement(conditions, None, order_id, limit + 1)), limit)

    def order_events(
        self, order_id: str, since: int = 0, *, limit: int | None = None, cursor: str | None = None
    ) -> list[StoredOrderEvent]:
        """Return what happened to an order besides its trades, oldest first; ``since`` is a sequence."""
        if not _all_storable(order_id):
            return []
        columns = _ORDER_EVENTS.c
        conditions = [columns.order_id == order_id, columns.sequence >= since]
        if cursor is not None:
            conditions.append(_place_in(_ORDER_EVENTS) > _place_of("events", cursor))
        statement = select(_ORDER_EVENTS).where(*conditions).order_by(columns.sequence, columns.number).limit(limit)
        return [StoredOrderEvent(*row) for row in self._rows(statement)]

    def trade_events(self, stored: StoredOrder, *, limit: int, cursor: str | None = None) -> list[StoredTrade]:
        """Return the trades of an order, oldest first, up to the state that the order was read in."""
        conditions = [_TRADES.c.sequence.between(stored.order.sequence, stored.updated_sequence)]
        if cursor is not None:
            conditions.append(_place_in(_TRADES) > _place_of("events", cursor))
        statement = _trades_statement(conditions, None, stored.order.order_id, limit, newest_first=False)
        return [_stored_trade(row) for row in self._rows(statement)]

    def statistics(self, symbol: str, now_ns: int) -> Statistics:
        """Sum up the last 24 hours in whole minutes: the present one and the 1,439 before it."""
        first_ns = start_of(MINUTE, now_ns) - (_STATISTICS_MINUTES - 1) * MINUTE_NS
        rows = self._rows(_candles_since(symbol, first_ns, now_ns)) if _all_storable(symbol) else []
        if not rows:
            return Statistics(0, 0, None, None, None, None, None, 0)
        total, *later = [Candle(*row[1:]) for row in rows]
        for candle in later:
            total.add(candle)
        vwap_e8 = average_price_e8(total.notional_e16, total.volume_e8)
        prices = (total.high_e8, total.low_e8, total.open_e8, total.close_e8)
        return Statistics(total.volume_e8, total.notional_e16, vwap_e8, *prices, total.trades)

    def candles(
        self,
        symbol: str,
        seconds: int,
        limit: int,
        *,
        since_ns: int | None = None,
        until_ns: int | None = None,
        cursor: str | None = None,
    ) -> CandlePage:
        """Return candles of this length, oldest first: without ``since_ns`` the newest, with it the first from there.

        The start of a candle says whether it is since or before a time. The next page goes on the same way.
        """
        goes_forward = since_ns is not None
        if cursor is not None:
            (place_ns,) = decode_cursor("candles", cursor, 1)
            since_ns, until_ns = (place_ns, until_ns) if goes_forward else (None, place_ns)
        if not _all_storable(symbol):
            return CandlePage([], None)
        kept_seconds, starts = kept_length(seconds), _CANDLES.c.start_ns
        statement = _candles_of(symbol, kept_seconds)
        if since_ns is not None:
            statement = statement.where(starts >= _first_start(seconds, since_ns))
        if until_ns is not None:
            statement = statement.where(starts < _first_start(seconds, until_ns))
        statement = statement.order_by(starts if goes_forward else starts.desc())
        rows = self._rows(statement.limit((limit + 1) * (seconds // kept_seconds)))
        found = add_up([(row[0], Candle(*row[1:])) for row in (rows if goes_forward else reversed(rows))], seconds)
        if len(found) <= limit:
            return CandlePage(found, None)
        if goes_forward:
            return CandlePage(found[:limit], encode_cursor("candles", found[limit][0]))
        return CandlePage(found[-limit:], encode_cursor("candles", found[-limit][0]))

    def positions(self, user_id: str, limit: int, cursor: str | None) -> tuple[list[StoredPosition], str | None]:
        """Return a user's positions by symbol, closed ones included, and the cursor of the next page."""
        if not _all_storable(user_id, cursor):
            return [], None
        columns = _POSITIONS.c
        statement = select(_POSITIONS).where(columns.user_id == user_id, columns.symbol > (cursor or ""))
        rows = self._rows(statement.order_by(columns.symbol).limit(limit + 1))
        page = [StoredPosition(*row) for row in rows[:limit]]
        return page, page[-1].symbol if len(rows) > limit else None

    def _newest_order(self, named: ColumnElement[bool], before: int | None, *names: str) -> StoredOrder | None:
        if not _all_storable(*names):
            return None
        refused = _ORDERS.c.status == OrderStatus.REJECTED.value
        statement = select(_ORDERS).where(named).order_by(refused, _ORDERS.c.sequence.desc()).limit(1)
        if before is not None:
            statement = statement.where(_ORDERS.c.sequence < before)
        rows = self._rows(statement)
        return _stored_order(rows[0]) if rows else None

    def _rows(self, statement: Any) -> list[Any]:  # Any: selects and rows of several shapes
        with self._database.reading() as session:
            return list(session.execute(statement).all())


def _equalities(wanted: dict[Any, str | None]) -> list[Any]:  # Any: columns and conditions of several types
    return [column == value for column, value in wanted.items() if value is not None]


def _all_storable(*names: str | None) -> bool:
    # No name that was ever accepted has other characters, and drivers choke on some.
    return all(name is None or (name.isascii() and name.isprintable()) for name in names)


def _place_in(table: Any) -> Any:  # Any: SQLAlchemy's table, and its tuple of two columns
    return tuple_(table.c.sequence, table.c.number)


def _place_of(kind: str, cursor: str) -> Any:  # Any: SQLAlchemy's tuple of two values
    return tuple_(*map(literal, decode_cursor(kind, cursor, 2)))


def _trade_page(rows: list[Any], limit: int) -> TradePage:  # Any: rows of trades
    page = [_stored_trade(row) for row in rows[:limit]]
    more = len(rows) > limit
    return TradePage(page, trades_cursor(page[-1].sequence, page[-1].number) if more else None)


def _trades_statement(
    conditions: list[Any],
    user_id: str | None,
    order_id: str | None,
    limit: int,
    *,
    newest_first: bool = True,
    order_owner: str | None = None,
) -> Any:
    """Query each index by itself: for OR in one query the database would read all rows."""
    columns = _TRADES.c
    sides: list[ColumnElement[bool]] = []
    for buying in (True, False):
        order_column, user_column = (
            (columns.buy_order_id, columns.buy_user_id) if buying else (columns.sell_order_id, columns.sell_user_id)
        )
        if order_id is not None:
            owned = () if order_owner is None else (user_column == order_owner,)
            sides.append(and_(order_column == order_id, *owned, *_owned_by(user_id)))
        elif user_id is not None:
            sides.append(user_column == user_id)

    def in_order(columns: Any) -> tuple[Any, Any]:  # Any: SQLAlchemy's
        places = (columns.sequence, columns.number)
        return (places[0].desc(), places[1].desc()) if newest_first else places

    first = [
        select(_TRADES).where(*conditions, side).order_by(*in_order(columns)).limit(limit).subquery()
        for side in sides or [true()]
    ]
    if len(first) == 1:
        return select(first[0]).order_by(*in_order(first[0].c))
    both = union(*(select(part) for part in first)).subquery()
    return select(both).order_by(*in_order(both.c)).limit(limit)


def _orders_statement(conditions: list[Any], statuses: Collection[OrderStatus], limit: int) -> Any:
    """Ask the index for the first of each status by itself: with IN the database would sort all that it finds."""
    newest_first = _ORDERS.c.sequence.desc()
    if not statuses:
        return select(_ORDERS).where(*conditions).order_by(newest_first).limit(limit)
    parts = [
        select(_ORDERS).where(*conditions, _ORDERS.c.status == status.value).order_by(newest_first).limit(limit)
        for status in statuses
    ]
    if len(parts) == 1:
        return parts[0]
    listed = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return select(listed).order_by(listed.c.sequence.desc()).limit(limit)


def _owned_by(user_id: str | None) -> list[ColumnElement[bool]]:
    if user_id is None:
        return []
    return [or_(_TRADES.c.buy_user_id == user_id, _TRADES.c.sell_user_id == user_id)]


def _candles_of(symbol: str, seconds: int) -> Select[Any]:  # Any: a start and a candle's totals
    columns = _CANDLES.c
    totals = (columns[name] for name in Candle.__struct_fields__)
    return select(columns.start_ns, *totals).where(columns.symbol == symbol, columns.seconds == seconds)


def _first_start(seconds: int, timestamp_ns: int) -> int:
    return min(max(0, first_start(seconds, timestamp_ns)), _INTEGER_MAX)


def _candles_since(symbol: str, first_ns: int, now_ns: int) -> Select[Any]:  # Any: as above
    """Whole hours, with minutes before and after them: 142 rows a day at most, not 1,440."""
    starts = _CANDLES.c.start_ns
    first_hour_ns, last_hour_ns = start_of(HOUR, first_ns + HOUR_NS - 1), start_of(HOUR, now_ns)
    parts = (
        _candles_of(symbol, MINUTE).where(starts >= first_ns, starts < first_hour_ns),
        _candles_of(symbol, HOUR).where(starts >= first_hour_ns, starts < last_hour_ns),
        _candles_of(symbol, MINUTE).where(starts >= last_hour_ns),
    )
    listed = union_all(*parts).subquery()
    return select(listed).order_by(listed.c.start_ns)


def _stored_trade(row: Any) -> StoredTrade:  # Any: a row of trades
    side = row.taker_side
    return StoredTrade(*row)._replace(taker_side=None if side is None else Side(side))


def _stored_order(row: Any) -> StoredOrder:  # Any: a row of orders
    columns = row._mapping
    placed = {name: columns[column] for name, column in _PLACED_COLUMNS.items()}
    if row.order_id == str(row.sequence):
        # An id that is the sequence was not chosen by a caller.
        placed["order_id"] = None
    state = {name: columns[column] for name, column in _STATE_COLUMNS.items()}
    return StoredOrder(convert({**state, "placed": placed}, OrderState), row.updated_ns, row.updated_sequence)
