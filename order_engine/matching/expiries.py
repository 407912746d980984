"""When GTD orders expire: a heap of their times. Orders that ended otherwise are dropped lazily."""

from heapq import heapify, heappop, heappush

from order_engine.matching.live_orders import LiveOrders, OrderKey
from order_engine.matching.order import Order

STALE_ENTRIES_MIN = 64


class Expiries:
    """The live GTD orders."""

    __slots__ = ("_live", "heap")

    def __init__(self, live: LiveOrders) -> None:
        self._live = live
        self.heap: list[tuple[int, int, OrderKey]] = []

    @property
    def next_ns(self) -> int | None:
        """The earliest time at which a live order is due; None if none ever is."""
        heap = self.heap
        while heap and self._live_order(*heap[0]) is None:
            heappop(heap)
        return heap[0][0] if heap else None

    def add(self, order: Order) -> None:
        """Add an order that has a time."""
        placed = order.placed
        if placed.expire_at_ns is not None:
            heappush(self.heap, (placed.expire_at_ns, order.sequence, placed.order_id or order.sequence))
            # Otherwise orders with a distant time that come and go would stay in the heap until then.
            if len(self.heap) > 2 * len(self._live.by_key) + STALE_ENTRIES_MIN:
                self.heap[:] = [entry for entry in self.heap if self._live_order(*entry) is not None]
                heapify(self.heap)

    def take_due(self, timestamp_ns: int, orders_max: int) -> list[Order]:
        """Return live orders that are due by a time, those due first if there are more; in order of sequence."""
        due: list[Order] = []
        while self.heap and self.heap[0][0] <= timestamp_ns and len(due) < orders_max:
            order = self._live_order(*heappop(self.heap))
            if order is not None:
                due.append(order)
        return sorted(due, key=lambda order: order.sequence)

    def _live_order(self, _expire_at_ns: int, sequence: int, key: OrderKey) -> Order | None:
        order = self._live.by_key.get(key)
        return order if order is not None and order.sequence == sequence else None
