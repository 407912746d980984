"""A price level: the orders resting at one price, first come first served, as a doubly linked queue."""

from collections.abc import Iterator

from order_engine.matching.order import Order


class PriceLevel:
    """``rank`` orders the levels of a side, lowest best; lots and ``length`` are sums over the queue."""

    __slots__ = ("head", "hidden_lots", "length", "price_ticks", "rank", "shown_lots", "tail")

    def __init__(self, price_ticks: int, rank: int) -> None:
        self.price_ticks = price_ticks
        self.rank = rank
        self.shown_lots = 0
        self.hidden_lots = 0
        self.length = 0
        self.head: Order | None = None
        self.tail: Order | None = None

    def append(self, order: Order) -> None:
        """Add an order at the back of the queue."""
        order.level = self
        # Equal to what it was, but one object for all orders of the level.
        order.price_ticks = self.price_ticks
        order.previous = self.tail
        order.next = None
        if self.tail is None:
            self.head = order
        else:
            self.tail.next = order
        self.tail = order
        self.length += 1
        hidden_lots = order.hidden_lots
        self.shown_lots += order.remaining_lots - hidden_lots
        self.hidden_lots += hidden_lots

    def unlink(self, order: Order) -> None:
        """Remove an order from the queue; its lots are subtracted already."""
        before, after = order.previous, order.next
        if before is None:
            self.head = after
        else:
            before.next = after
        if after is None:
            self.tail = before
        else:
            after.previous = before
        order.level = order.previous = order.next = None
        self.length -= 1

    def __iter__(self) -> Iterator[Order]:
        order = self.head
        while order is not None:
            yield order
            order = order.next
