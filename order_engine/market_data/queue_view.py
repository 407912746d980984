"""A queue view: the best orders of one book, one by one in their order of priority, and what changes in them.

Any number of commands may lie between two looks. A copy that applies every change, in order, has the same orders in the
same queues: a new one stands behind all others at its price.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from order_engine.matching.order import Order
from order_engine.matching.order_book import OrderBook
from order_engine.matching.price_level import PriceLevel

OrderE8 = tuple[str, int, int]
"""An order's id, its price, and the quantity that it shows, in units of 10^-8."""


class QueueChange(NamedTuple):
    """What changed after ``previous_sequence`` up to ``sequence``, to be applied in this order; 0 removes an order.

    An order that has lost its place is removed and then there again.
    """

    previous_sequence: int
    sequence: int
    bids: list[OrderE8]
    asks: list[OrderE8]


class QueueView:
    """The best ``orders_max`` orders of each side as of ``sequence``, when they last changed."""

    def __init__(self, orders_max: int, book: OrderBook | None, sequence: int) -> None:
        self.orders_max = orders_max
        self.sequence = sequence
        self.bids = self._read(book, is_bids=True)
        self.asks = self._read(book, is_bids=False)

    def look(self, book: OrderBook | None, sequence: int) -> QueueChange | None:
        """Take over the book as it stands at ``sequence``; None if none of the orders has changed."""
        bids, asks = self._read(book, is_bids=True), self._read(book, is_bids=False)
        if bids == self.bids and asks == self.asks:
            return None
        change = QueueChange(self.sequence, sequence, list(_changes(self.bids, bids)), list(_changes(self.asks, asks)))
        self.sequence, self.bids, self.asks = sequence, bids, asks
        return change

    def _read(self, book: OrderBook | None, *, is_bids: bool) -> list[OrderE8]:
        if book is None:
            return []
        tick, lot = book.instrument.tick_size_e8, book.instrument.lot_size_e8
        return [
            (order.order_id, level.price_ticks * tick, order.shown_lots * lot)
            for level, order in islice(_in_priority(book, is_bids=is_bids), self.orders_max)
        ]


def _in_priority(book: OrderBook, *, is_bids: bool) -> Iterator[tuple[PriceLevel, Order]]:
    side = book.bids if is_bids else book.asks
    for level in side.best_first():
        for order in level:
            yield level, order


def _changes(before: list[OrderE8], after: list[OrderE8]) -> Iterator[OrderE8]:
    quantities = {order_id: quantity_e8 for order_id, _, quantity_e8 in before}
    standing = _standing(before, after)
    for order_id, price_e8, _ in before:
        if order_id not in standing:
            yield order_id, price_e8, 0
    for order in after:
        if order[0] not in standing or quantities[order[0]] != order[2]:
            yield order


def _standing(before: list[OrderE8], after: list[OrderE8]) -> set[str]:
    """Return the orders that are still there, at their price, and that no other has overtaken."""
    prices = {order_id: price_e8 for order_id, price_e8, _ in after}
    queue = deque(order_id for order_id, price_e8, _ in before if prices.get(order_id) == price_e8)
    waiting, standing = set(queue), set()
    for order_id, _, _ in after:
        if order_id in waiting:
            while queue[0] != order_id:
                waiting.remove(queue.popleft())
            waiting.remove(queue.popleft())
            standing.add(order_id)
    return standing
