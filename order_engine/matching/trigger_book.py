"""The stops of one instrument that wait for their trigger, found by the price that triggers them."""

from collections import deque
from collections.abc import Iterator
from heapq import heapify, heappop, heappush

from order_engine.matching.commands import Side
from order_engine.matching.order import Order
from order_engine.matching.trailing_stops import STALE_ENTRIES_MIN, TrailingStops, sign_of


class TriggerBook:
    """Pending orders. Looking for triggered ones costs only what is found, however many wait.

    Most instruments have no stops, so what only some need is made when it is needed.
    """

    __slots__ = ("_heaps", "_trailing", "_triggered", "_turns", "orders")

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self._trailing: dict[Side, TrailingStops] = {}
        # Triggered, but their turn has not come: nobody looks for them again. Who has gone meanwhile has no turn.
        self._triggered: dict[int, Order] = {}
        self._turns: deque[Order] | None = None
        # Per side (key, sequence); the lowest key triggers first. An entry is stale once its order has another price.
        self._heaps: dict[Side, list[tuple[int, int]]] = {}

    @property
    def has_triggered(self) -> bool:
        """Whether any order has triggered and waits for its turn."""
        return bool(self._triggered)

    def add(self, order: Order) -> None:
        """Add an order that waits for its trigger."""
        self.orders[order.sequence] = order
        if order.trail_amount_e8 is None:
            self.reprice(order)
        else:
            if not self._trailing:
                self._trailing = {side: TrailingStops(side) for side in Side}
            self._trailing[order.side].add(order)

    def remove(self, order: Order) -> None:
        """Remove an order."""
        del self.orders[order.sequence]
        self._triggered.pop(order.sequence, None)
        if order.trail_amount_e8 is not None:
            self._trailing[order.side].remove(order)

    def reprice(self, order: Order) -> None:
        """Take note of an order's new stop price or trail."""
        if order.sequence in self._triggered:
            return
        if order.trail_amount_e8 is not None:
            self._trailing[order.side].reprice(order)
        elif order.stop_price_e8 is not None:
            heap = self._heaps.setdefault(order.side, [])
            heappush(heap, (-sign_of(order.side) * order.stop_price_e8, order.sequence))
            self._drop_stale_entries(heap, order.side)

    def ratchet(self, last_price_e8: int) -> None:
        """Let the trailing stops follow a price that is better than their best."""
        for stops in self._trailing.values():
            stops.ratchet(last_price_e8)

    def look_for_triggered(self, last_price_e8: int) -> None:
        """Let the orders that a price triggers wait for their turn, in order of sequence, behind those that do."""
        triggered = [*self._pop(Side.BUY, last_price_e8), *self._pop(Side.SELL, last_price_e8)]
        for stops in self._trailing.values():
            triggered += stops.take_triggered(last_price_e8)
        if triggered:
            self.let_wait_for_turn(sorted(triggered, key=lambda order: order.sequence))

    def let_wait_for_turn(self, orders: list[Order]) -> None:
        """Queue triggered orders behind those that wait for their turn."""
        self._triggered.update((order.sequence, order) for order in orders)
        if self._turns is None:
            self._turns = deque()
        self._turns.extend(orders)

    def restore_turns(self, sequences: list[int]) -> None:
        """Queue orders that were dumped as triggered."""
        orders = [self.orders[sequence] for sequence in sequences]
        for order in orders:
            if order.trail_amount_e8 is not None:
                self._trailing[order.side].stop_looking_for(order)
        self.let_wait_for_turn(orders)

    def next_in_turn(self) -> Order:
        """Return the order whose turn it is; it has its turn once it is removed."""
        turns = self._turns
        assert turns is not None
        while turns[0].sequence not in self._triggered:
            turns.popleft()
        return turns[0]

    def in_turn(self) -> Iterator[Order]:
        """Iterate over the orders that wait for their turn."""
        return (order for order in self._turns or () if order.sequence in self._triggered)

    def put_back_triggered(self) -> None:
        """Let those whose turn did not come wait for their trigger again."""
        if not self._triggered:
            return
        triggered, self._triggered = self._triggered, {}
        self._turns = None
        for order in triggered.values():
            self.reprice(order)

    def _pop(self, side: Side, last_price_e8: int) -> Iterator[Order]:
        heap, reached = self._heaps.get(side), -sign_of(side) * last_price_e8
        while heap and heap[0][0] <= reached:
            key, sequence = heappop(heap)
            order = self.orders.get(sequence)
            if order is not None and sequence not in self._triggered and self._is_current(order, key):
                self._triggered[sequence] = order
                yield order

    def _is_current(self, order: Order, key: int) -> bool:
        return order.stop_price_e8 is not None and key == -sign_of(order.side) * order.stop_price_e8

    def _drop_stale_entries(self, heap: list[tuple[int, int]], side: Side) -> None:
        if len(heap) > 2 * len(self.orders) + STALE_ENTRIES_MIN:
            waiting = [order for order in self.orders.values() if order.side is side]
            heap[:] = [
                (-sign_of(side) * order.stop_price_e8, order.sequence)
                for order in waiting
                if order.stop_price_e8 is not None and order.trail_amount_e8 is None
            ]
            heapify(heap)
