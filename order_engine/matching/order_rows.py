"""A live order as a row of a dump: an array of plain values, as short as the order allows.

Most live orders are plain limits to which nothing has happened: their rows end after the client's id. The symbol is
the book's and not repeated.
"""

from msgspec import Struct, structs

from order_engine.matching.commands import OrderType, PlaceOrder, SelfTradePrevention, Side, TimeInForce
from order_engine.matching.events import OrderStatus
from order_engine.matching.instrument import Instrument
from order_engine.matching.order import Order
from order_engine.matching.stop_terms import StopTerms
from order_engine.matching.trailing_stops import SharedBest

SHARED_MAX = 100_000


class OrderNow(Struct, array_like=True, frozen=True, gc=False, forbid_unknown_fields=True):
    """The fields of an ``Order`` that changed since it was placed."""

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


class OtherTerms(Struct, array_like=True, frozen=True, gc=False, forbid_unknown_fields=True):
    """The terms that most orders are placed without, as in ``PlaceOrder``."""

    order_id: str | None
    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    display_quantity_e8: int | None
    stop_price_e8: int | None
    trail_amount_e8: int | None
    expire_at_ns: int | None
    self_trade_prevention: SelfTradePrevention | None
    cancel_on_disconnect: bool = False


class OrderRow(Struct, array_like=True, frozen=True, gc=False, forbid_unknown_fields=True):
    """An order's place and time and the terms it was placed with; ``now`` unless it still is as it was placed."""

    sequence: int
    timestamp_ns: int
    side: Side
    quantity_e8: int
    price_e8: int | None
    user_id: str | None
    client_order_id: str | None
    terms: OtherTerms | None = None
    now: OrderNow | None = None


_USUAL = (None, OrderType.LIMIT, TimeInForce.GTC, False, None, None, None, None, None)


def row_of(order: Order) -> tuple[object, ...]:
    """Return the row of an order, cut where nothing but the usual follows."""
    placed = order.placed
    row = (
        order.sequence,
        order.timestamp_ns,
        placed.side,
        placed.quantity_e8,
        placed.price_e8,
        placed.user_id,
        placed.client_order_id,
    )
    terms = _terms_of(placed)
    if terms == _USUAL and _is_untouched(order, placed):
        return row
    now = _now_of(order)
    as_placed = _now_of(Order(placed, order.instrument, order.sequence, order.timestamp_ns))
    if now != as_placed:
        return (*row, None if terms == _USUAL else terms, now)
    return row if terms == _USUAL else (*row, terms)


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
        names, numbers, symbol = self._names, self._numbers, instrument.symbol
        orders = []
        # No call for each order but those that make it: this loop decides how soon a start is ready.
        for row in rows:
            user_id, quantity_e8, price_e8, terms = row.user_id, row.quantity_e8, row.price_e8, row.terms
            placed = PlaceOrder(
                symbol=symbol,
                side=row.side,
                quantity_e8=numbers.setdefault(quantity_e8, quantity_e8),
                price_e8=None if price_e8 is None else numbers.setdefault(price_e8, price_e8),
                user_id=None if user_id is None else names.setdefault(user_id, user_id),
                client_order_id=row.client_order_id,
            )
            if terms is not None:
                placed = structs.replace(placed, **structs.asdict(terms))
            order = Order(placed, instrument, row.sequence, row.timestamp_ns)
            if row.now is not None:
                _become(order, row.now)
            orders.append(order)
        return orders

    def name(self, text: str) -> str:
        """Return the object that stands for all names equal to this one."""
        return self._names.setdefault(text, text)


def _terms_of(placed: PlaceOrder) -> tuple[object, ...]:
    terms = (
        placed.order_id,
        placed.order_type,
        placed.time_in_force,
        placed.post_only,
        placed.display_quantity_e8,
        placed.stop_price_e8,
        placed.trail_amount_e8,
        placed.expire_at_ns,
        placed.self_trade_prevention,
    )
    return (*terms, True) if placed.cancel_on_disconnect else terms


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
        None if order.stop is None else order.stop.best_price_e8,
    )


def _is_untouched(order: Order, placed: PlaceOrder) -> bool:
    """Whether a plain limit order is as it was placed; ``_now_of`` tells of every order, but takes far longer."""
    instrument = order.instrument
    return (
        not order.filled_lots
        and order.price_ticks is not None
        and order.price_ticks * instrument.tick_size_e8 == placed.price_e8
        and order.quantity_lots * instrument.lot_size_e8 == placed.quantity_e8
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
    if now.status is not OrderStatus.PENDING:
        order.stop = None
    else:
        best = None if now.best_price_e8 is None else SharedBest(now.best_price_e8)
        order.stop = StopTerms(now.stop_price_e8, now.trail_amount_e8, best)
