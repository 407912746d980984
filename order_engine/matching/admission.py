"""Admission: everything that can refuse a command, looked at before anything changes, in the rulebook's order."""

from order_engine.matching.commands import AmendOrder, PlaceOrder
from order_engine.matching.instrument import Instrument
from order_engine.matching.live_orders import LiveOrders
from order_engine.matching.order import Order
from order_engine.matching.order_book import OrderBook
from order_engine.matching.reason import Reason


def refusal_of_order(
    placed: PlaceOrder, sequence: int, instrument: Instrument | None, book: OrderBook | None, live: LiveOrders
) -> Reason | None:
    """Say why a new order may not enter, or None. A symbol that its first order would list has no ``book`` yet."""
    price_e8 = placed.price_e8
    if instrument is None:
        return Reason.UNKNOWN_SYMBOL
    if live.has_id_of(placed, sequence):
        return Reason.DUPLICATE_ORDER_ID
    if price_e8 is not None and price_e8 % instrument.tick_size_e8:
        return Reason.TICK_SIZE
    if placed.quantity_e8 % instrument.lot_size_e8:
        return Reason.LOT_SIZE
    if placed.post_only and book is not None and _would_take(book, placed, price_e8):
        return Reason.POST_ONLY_WOULD_TAKE
    return None


def refusal_of_amend(command: AmendOrder, order: Order, book: OrderBook) -> Reason | None:
    """Say why an order may not have these new terms, or None."""
    instrument = book.instrument
    price_e8, quantity_e8 = command.price_e8, command.quantity_e8
    if price_e8 is not None and price_e8 % instrument.tick_size_e8:
        return Reason.TICK_SIZE
    if quantity_e8 is not None and quantity_e8 % instrument.lot_size_e8:
        return Reason.LOT_SIZE
    ends = quantity_e8 is not None and quantity_e8 // instrument.lot_size_e8 <= order.filled_lots
    if order.placed.post_only and not ends and _would_take(book, order.placed, price_e8):
        return Reason.POST_ONLY_WOULD_TAKE
    return None


def _would_take(book: OrderBook, placed: PlaceOrder, price_e8: int | None) -> bool:
    return price_e8 is not None and book.would_take(placed.side, price_e8 // book.instrument.tick_size_e8)
