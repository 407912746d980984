"""A price level: the orders resting at one price, first come first served, as a doubly linked queue."""

from collections.abc import Iterator

from order_engine.matching.order import Order


class PriceLevel:
    """``rank`` orders the levels of a side, lowest best; ``quantity_lots`` and ``length`` are sums over the queue."""

    __slots__ = ("head", "length", "price_ticks", "quantity_lots", "rank", "tail")

    def __init__(self, price_ticks: int, rank: int) -> None:
        self.price_ticks = price_ticks
        self.rank = rank
        self.quantity_lots = 0
        self.length = 0
        self.head: Order | None = None
        self.tail: Order | None = None

    def append(self, order: Order) -> None:
        """Add an order at the back of the queue."""
        order.level = self
        order.previous = self.tail
        if self.tail is None:
            self.head = order
        else:
            self.tail.next = order
        self.tail = order
        self.quantity_lots += order.remaining_lots
        self.length += 1

    def unlink(self, order: Order) -> None:
        """Take an order out of the queue, wherever it stands; its lots are reduced separately."""
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
