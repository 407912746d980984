"""The stops of one instrument that wait for their trigger, found by the price that triggers them."""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

from order_engine.matching.commands import Side
from order_engine.matching.order import Order

STALE_ENTRIES_MIN = 64


class TriggerBook:
    """Pending orders. Looking for triggered ones costs only what is found, and a pass over the trailing stops."""

    __slots__ = ("_heaps", "_trailing", "_triggered", "orders")

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self._trailing: dict[int, Order] = {}
        # Triggered, but their turn has not come: they are in no heap.
        self._triggered: dict[int, Order] = {}
        # Per side (key, sequence); the lowest key triggers first. An entry is stale once its order has another price.
        self._heaps: dict[Side, list[tuple[int, int]]] = {Side.BUY: [], Side.SELL: []}

    def add(self, order: Order) -> None:
        """Let an order wait."""
        self.orders[order.sequence] = order
        if order.trail_amount_e8 is not None:
            self._trailing[order.sequence] = order
        self.reprice(order)

    def remove(self, order: Order) -> None:
        """Take an order out."""
        del self.orders[order.sequence]
        self._trailing.pop(order.sequence, None)
        self._triggered.pop(order.sequence, None)

    def reprice(self, order: Order) -> None:
        """Take note of an order's stop price, if it has one yet."""
        if order.trail_amount_e8 is not None and order.best_price_e8 is not None:
            order.stop_price_e8 = order.best_price_e8 - _sign(order.side) * order.trail_amount_e8
        if order.stop_price_e8 is not None and order.sequence not in self._triggered:
            heap = self._heaps[order.side]
            heappush(heap, (-_sign(order.side) * order.stop_price_e8, order.sequence))
            self._drop_stale_entries(order.side)

    def ratchet(self, last_price_e8: int) -> None:
        """Let the trailing stops follow a price that is better than their best."""
        for order in self._trailing.values():
            best = order.best_price_e8
            if best is None or (last_price_e8 > best if order.side is Side.SELL else last_price_e8 < best):
                order.best_price_e8 = last_price_e8
                self.reprice(order)

    def take_triggered(self, last_price_e8: int) -> list[Order]:
        """Find the orders that a price triggers, in order of sequence; each is found once."""
        triggered = [*self._pop(Side.BUY, last_price_e8), *self._pop(Side.SELL, last_price_e8)]
        return sorted(triggered, key=lambda order: order.sequence)

    def put_back_triggered(self) -> None:
        """Let those that were found, and whose turn did not come, wait on."""
        triggered, self._triggered = self._triggered, {}
        for order in triggered.values():
            self.reprice(order)

    def _pop(self, side: Side, last_price_e8: int) -> Iterator[Order]:
        heap, reached = self._heaps[side], -_sign(side) * last_price_e8
        while heap and heap[0][0] <= reached:
            key, sequence = heappop(heap)
            order = self.orders.get(sequence)
            if order is not None and sequence not in self._triggered and self._is_current(order, key):
                self._triggered[sequence] = order
                yield order

    def _is_current(self, order: Order, key: int) -> bool:
        return order.stop_price_e8 is not None and key == -_sign(order.side) * order.stop_price_e8

    def _drop_stale_entries(self, side: Side) -> None:
        heap = self._heaps[side]
        if len(heap) > 2 * len(self.orders) + STALE_ENTRIES_MIN:
            waiting = [order for order in self.orders.values() if order.side is side]
            heap[:] = [
                (-_sign(side) * order.stop_price_e8, order.sequence)
                for order in waiting
                if order.stop_price_e8 is not None
            ]
            heapify(heap)


def _sign(side: Side) -> int:
    """Return 1 for a SELL stop, which waits below the price, and -1 for a BUY stop, which waits above it."""
    return 1 if side is Side.SELL else -1
