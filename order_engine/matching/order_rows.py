"""A live order as a row of a dump: an array of plain values, as short as the order allows.

Most live orders are plain limits to which nothing has happened: their rows end after the client's id. Symbol and
instrument are the book's and not repeated.
"""

from msgspec import Struct

from order_engine.matching.commands import OrderType, PlaceOrder, SelfTradePrevention, Side, TimeInForce
from order_engine.matching.events import OrderStatus
from order_engine.matching.instrument import Instrument
from order_engine.matching.order import Order

SHARED_MAX = 100_000


class OrderNow(Struct, array_like=True, frozen=True, gc=False, forbid_unknown_fields=True):
    """What an order has become since it was placed, as in ``Order``."""

    price_ticks: int | None
    quantity_lots: int
    filled_lots: int
    filled_notional: int
    status: OrderStatus
    display_lots: int | None
    hidden_lots: int
    stop_price_e8: int | None
    trail_amount_e8: int | None
    best_price_e8: int | None


class OrderRow(Struct, array_like=True, frozen=True, gc=False, forbid_unknown_fields=True):
    """An order's place and time, the terms it was placed with, and ``now`` unless it still is as it was placed."""

    sequence: int
    timestamp_ns: int
    side: Side
    quantity_e8: int
    price_e8: int | None
    user_id: str | None
    client_order_id: str | None
    order_id: str | None = None
    now: OrderNow | None = None
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    display_quantity_e8: int | None = None
    stop_price_e8: int | None = None
    trail_amount_e8: int | None = None
    expire_at_ns: int | None = None
    self_trade_prevention: SelfTradePrevention | None = None


_USUAL = tuple(OrderRow.__struct_defaults__)


def row_of(order: Order) -> tuple[object, ...]:
    """Return the row of an order, without the values at its end if all of them are the usual ones."""
    placed = order.placed
    now = _now_of(order)
    as_placed = _now_of(Order(placed, order.instrument, order.sequence, order.timestamp_ns))
    row = (
        order.sequence,
        order.timestamp_ns,
        placed.side,
        placed.quantity_e8,
        placed.price_e8,
        placed.user_id,
        placed.client_order_id,
    )
    others = (
        placed.order_id,
        None if now == as_placed else now,
        placed.order_type,
        placed.time_in_force,
        placed.post_only,
        placed.display_quantity_e8,
        placed.stop_price_e8,
        placed.trail_amount_e8,
        placed.expire_at_ns,
        placed.self_trade_prevention,
    )
    return row if others == _USUAL else row + others


class RowReader:
    """Makes orders of rows. Equal names and numbers become one object: a million orders share what they can."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._numbers: dict[int, int] = {}

    def orders(self, rows: list[OrderRow], instrument: Instrument) -> list[Order]:
        """Make the orders of a piece's rows; they stand in no queue and no index yet."""
        if len(self._names) + len(self._numbers) > SHARED_MAX:
            self._names.clear()
            self._numbers.clear()
        return [self._order(row, instrument) for row in rows]

    def name(self, text: str) -> str:
        """Return the object that stands for all names equal to this one."""
        return self._names.setdefault(text, text)

    def _order(self, row: OrderRow, instrument: Instrument) -> Order:
        user_id, quantity_e8, price_e8 = row.user_id, row.quantity_e8, row.price_e8
        placed = PlaceOrder(
            symbol=instrument.symbol,
            side=row.side,
            quantity_e8=self._numbers.setdefault(quantity_e8, quantity_e8),
            price_e8=None if price_e8 is None else self._numbers.setdefault(price_e8, price_e8),
            order_type=row.order_type,
            time_in_force=row.time_in_force,
            post_only=row.post_only,
            display_quantity_e8=row.display_quantity_e8,
            stop_price_e8=row.stop_price_e8,
            trail_amount_e8=row.trail_amount_e8,
            expire_at_ns=row.expire_at_ns,
            self_trade_prevention=row.self_trade_prevention,
            user_id=None if user_id is None else self._names.setdefault(user_id, user_id),
            client_order_id=row.client_order_id,
            order_id=row.order_id,
        )
        order = Order(placed, instrument, row.sequence, row.timestamp_ns)
        if row.now is not None:
            _become(order, row.now)
        return order


def _now_of(order: Order) -> tuple[object, ...]:
    return (
        order.price_ticks,
        order.quantity_lots,
        order.filled_lots,
        order.filled_notional,
        order.status,
        order.display_lots,
        order.hidden_lots,
        order.stop_price_e8,
        order.trail_amount_e8,
        order.best_price_e8,
    )


def _become(order: Order, now: OrderNow) -> None:
    order.price_ticks = now.price_ticks
    order.quantity_lots = now.quantity_lots
    order.filled_lots = now.filled_lots
    order.remaining_lots = now.quantity_lots - now.filled_lots
    order.filled_notional = now.filled_notional
    order.status = now.status
    order.display_lots = now.display_lots
    order.hidden_lots = now.hidden_lots
    order.stop_price_e8 = now.stop_price_e8
    order.trail_amount_e8 = now.trail_amount_e8
    order.best_price_e8 = now.best_price_e8
