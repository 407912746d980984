"""One side of a book: its price levels, and a heap that knows the best of them.

Both sides are the same code. A level's ``rank`` is its price on the ask side and the negated price on the bid side, so
that the lowest rank is always the best price and one comparison serves both.
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush, nsmallest

from order_engine.matching.commands import Side
from order_engine.matching.order import Order
from order_engine.matching.price_level import PriceLevel

STALE_RANKS_MIN = 64


class BookSide:
    """The resting orders of one side. Place and cancel are O(1) at a known price, O(log levels) at a new one."""

    __slots__ = ("_heap", "_in_heap", "levels", "sign")

    def __init__(self, side: Side) -> None:
        self.sign = 1 if side is Side.SELL else -1
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

    def reduce(self, order: Order, lots: int) -> None:
        """Count ``lots`` of a resting order out of its level; its place in the queue stays."""
        assert order.level is not None
        order.level.quantity_lots -= lots

    def remove(self, order: Order, lots: int) -> None:
        """Take a resting order, of which ``lots`` were still counted, out of the book."""
        level = order.level
        assert level is not None
        level.quantity_lots -= lots
        level.unlink(order)
        if level.head is None:
            assert level.quantity_lots == 0
            del self.levels[level.rank]
            self._drop_stale_ranks()

    def best_first(self, count: int | None = None) -> Iterator[PriceLevel]:
        """Go through the levels in order of price, all or the first ``count``."""
        ranks = sorted(self.levels) if count is None else nsmallest(count, self.levels)
        return (self.levels[rank] for rank in ranks)

    def quantity_within(self, limit_rank: int | None, enough_lots: int) -> int:
        """Count the lots resting at ``limit_rank`` or better, no further than ``enough_lots``."""
        lots = 0
        for rank, level in self.levels.items():
            if limit_rank is None or rank <= limit_rank:
                lots += level.quantity_lots
                if lots >= enough_lots:
                    break
        return lots

    def _drop_stale_ranks(self) -> None:
        # Without this, prices that come and go far from the best would pile up in the heap for ever.
        if len(self._heap) > 2 * len(self.levels) + STALE_RANKS_MIN:
            self._heap = list(self.levels)
            self._in_heap = set(self._heap)
            heapify(self._heap)
