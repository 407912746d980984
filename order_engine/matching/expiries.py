"""When orders with an end expire: a heap of their times, of which those that ended otherwise are dropped lazily."""

from heapq import heappop, heappush

from order_engine.matching.live_orders import LiveOrders
from order_engine.matching.order import Order


class Expiries:
    """The live orders that are good till a time."""

    __slots__ = ("_live", "heap")

    def __init__(self, live: LiveOrders) -> None:
        self._live = live
        self.heap: list[tuple[int, int, str]] = []

    @property
    def next_ns(self) -> int | None:
        """The earliest time at which something may be due; None if nothing ever is."""
        return self.heap[0][0] if self.heap else None

    def add(self, order: Order) -> None:
        """Remember an order that has an end."""
        if order.placed.expire_at_ns is not None:
            heappush(self.heap, (order.placed.expire_at_ns, order.sequence, order.order_id))

    def take_due(self, timestamp_ns: int) -> list[Order]:
        """Return the live orders that are due by a time, in order of sequence."""
        due: list[Order] = []
        while self.heap and self.heap[0][0] <= timestamp_ns:
            _, sequence, order_id = heappop(self.heap)
            order = self._live.by_id.get(order_id)
            if order is not None and order.sequence == sequence:
                due.append(order)
        return sorted(due, key=lambda order: order.sequence)
