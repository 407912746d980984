"""Amends a live order after admission. See the rulebook, Amend."""

from order_engine.matching.commands import AmendOrder
from order_engine.matching.events import OrderAmended, OrderStatus
from order_engine.matching.order import Order
from order_engine.matching.order_book import OrderBook
from order_engine.matching.outcome import Outcome
from order_engine.matching.reason import Reason

# A member by a name of its own: as an attribute of its enumeration it costs several times as much.
_PENDING = OrderStatus.PENDING


def amend(book: OrderBook, order: Order, command: AmendOrder, outcome: Outcome) -> None:
    """Give an order its new terms; less at the same price keeps its place, any other change loses it."""
    tick, lot = book.instrument.tick_size_e8, book.instrument.lot_size_e8
    price_ticks = order.price_ticks if command.price_e8 is None else command.price_e8 // tick
    quantity_lots = order.quantity_lots if command.quantity_e8 is None else command.quantity_e8 // lot
    display_lots = order.display_lots if command.display_quantity_e8 is None else command.display_quantity_e8 // lot
    if quantity_lots == 0:
        book.cancel(order, Reason.USER_REQUESTED, outcome)
    elif quantity_lots <= order.filled_lots:
        book.cancel(order, Reason.AMENDED_BELOW_FILLED, outcome)
    elif order.status is _PENDING:
        _amend_stop(book, order, command, price_ticks, quantity_lots, outcome)
    elif price_ticks == order.price_ticks and quantity_lots <= order.quantity_lots:
        book.resize(order, quantity_lots, display_lots, outcome)
    else:
        book.side_of(order.side).remove(order)
        order.price_ticks, order.display_lots, order.hidden_lots = price_ticks, display_lots, 0
        order.decrement(order.quantity_lots - quantity_lots)
        if book.users_with_sums:
            book.note(order)
        outcome.events.append(OrderAmended(order.state()))
        book.enter(order, outcome)
        if not order.remaining_lots:
            book.forget(order)


def _amend_stop(
    book: OrderBook, order: Order, command: AmendOrder, price_ticks: int | None, quantity_lots: int, outcome: Outcome
) -> None:
    order.price_ticks = price_ticks
    order.decrement(order.quantity_lots - quantity_lots)
    book.note(order)
    assert order.stop is not None
    if command.stop_price_e8 is not None:
        order.stop.fixed_price_e8 = command.stop_price_e8
    if command.trail_amount_e8 is not None:
        order.stop.trail_amount_e8 = command.trail_amount_e8
    book.stops.reprice(order)
    outcome.events.append(OrderAmended(order.state()))
