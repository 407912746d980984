"""One side of a book: its price levels, and a heap that knows the best of them.

Both sides are the same code. A level's ``rank`` is its price on the ask side and the negated price on the bid side, so
that the lowest rank is always the best price and one comparison serves both.
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

from order_engine.matching.commands import Side
from order_engine.matching.order import Order
from order_engine.matching.price_level import PriceLevel

# Members by a name of their own: as an attribute of its enumeration each costs several times as much.
_SELL = Side.SELL

STALE_RANKS_MIN = 64


class BookSide:
    """The resting orders of one side. Place and cancel are O(1) at a known price, O(log levels) at a new one."""

    __slots__ = ("_heap", "_in_heap", "levels", "sign")

    def __init__(self, side: Side) -> None:
        self.sign = 1 if side is _SELL else -1
        self.levels: dict[int, PriceLevel] = {}
        self._heap: list[int] = []
        self._in_heap: set[int] = set()

    def best(self) -> PriceLevel | None:
        """Find the level with the best price; None if the side is empty."""
        heap = self._heap
        while heap:
            level = self.levels.get(heap[0])
            if level is not None:
                return level
            # A level that emptied leaves its rank in the heap until it surfaces: O(1) cancel.
            self._in_heap.discard(heappop(heap))
        return None

    def best_first(self) -> Iterator[PriceLevel]:
        """Iterate over the levels in order of price; the side must not change meanwhile.

        The first few cost little, however many there are: the heap is walked from its root, not copied.
        """
        heap = self._heap
        next_up = [(heap[0], 0)] if heap else []
        while next_up:
            rank, place = heappop(next_up)
            for child in range(2 * place + 1, min(2 * place + 3, len(heap))):
                heappush(next_up, (heap[child], child))
            level = self.levels.get(rank)
            if level is not None:
                yield level

    def add(self, order: Order) -> None:
        """Queue an order at the back of its price."""
        assert order.price_ticks is not None
        rank = self.sign * order.price_ticks
        level = self.levels.get(rank)
        if level is None:
            level = self.levels[rank] = PriceLevel(order.price_ticks, rank)
            if rank not in self._in_heap:
                self._in_heap.add(rank)
                heappush(self._heap, rank)
        level.append(order)

    def remove(self, order: Order) -> None:
        """Take a resting order out of the book."""
        level = order.level
        assert level is not None
        hidden_lots = order.hidden_lots
        level.shown_lots -= order.remaining_lots - hidden_lots
        level.hidden_lots -= hidden_lots
        level.unlink(order)
        if level.head is None:
            self._drop(level)

    def fill_maker(self, maker: Order, lots: int, price_ticks: int) -> None:
        """Trade ``lots`` that a resting order shows; an iceberg whose slice is used up shows the next, at the back."""
        level = maker.level
        assert level is not None
        maker.fill(lots, price_ticks)
        level.shown_lots -= lots
        if maker.remaining_lots > maker.hidden_lots:
            return
        if maker.hidden_lots == 0:
            level.unlink(maker)
            if level.head is None:
                self._drop(level)
            return
        level.hidden_lots -= maker.hidden_lots
        level.unlink(maker)
        maker.show_slice()
        level.append(maker)

    def discount(self, order: Order) -> None:
        """Take a resting order's lots out of the sums, before they change where it stands."""
        level = order.level
        assert level is not None
        hidden_lots = order.hidden_lots
        level.shown_lots -= order.remaining_lots - hidden_lots
        level.hidden_lots -= hidden_lots

    def count(self, order: Order) -> None:
        """Add the lots of a resting order that ``discount`` took out, as they are now."""
        level = order.level
        assert level is not None
        hidden_lots = order.hidden_lots
        level.shown_lots += order.remaining_lots - hidden_lots
        level.hidden_lots += hidden_lots

    def _drop(self, level: PriceLevel) -> None:
        assert level.shown_lots == level.hidden_lots == 0
        del self.levels[level.rank]
        # Otherwise prices that come and go far from the best would stay in the heap for ever.
        if len(self._heap) > 2 * len(self.levels) + STALE_RANKS_MIN:
            self._heap = list(self.levels)
            self._in_heap = set(self._heap)
            heapify(self._heap)
