"""The trailing stops of one side of a book. They move without being touched, however many there are.

Stops that have seen the same best price share it, and the nearest of them is the one with the smallest trail. When the
price becomes better than what some of them have seen, these come to share one best price from then on.
"""

from __future__ import annotations

from bisect import bisect_left
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from order_engine.matching.commands import Side

if TYPE_CHECKING:
    from order_engine.matching.order import Order

STALE_ENTRIES_MIN = 64
RANK_OF_NO_PRICE = 1 << 100


def sign_of(side: Side) -> int:
    """Return 1 for a SELL stop, which waits below the price, and -1 for a BUY stop, which waits above it."""
    return 1 if side is Side.SELL else -1


class SharedBest:
    """The best price that some stops have seen, None before any trade; ``now`` follows where it was merged to.

    ``nearest`` is a heap of (trail amount, sequence). An entry is stale once its stop has gone, has triggered, or has
    another trail. ``expected`` is the key at which the best will be looked at next.
    """

    __slots__ = ("count", "expected", "merged_into", "nearest", "price_e8")

    def __init__(self, price_e8: int | None) -> None:
        self.price_e8 = price_e8
        self.count = 0
        self.nearest: list[tuple[int, int]] = []
        self.expected: int | None = None
        self.merged_into: SharedBest | None = None

    def now(self) -> SharedBest:
        """Find the best that this one was merged into, or return it."""
        found = self
        while found.merged_into is not None:
            found = found.merged_into
        if found is not self:
            self.merged_into = found
        return found


class TrailingStops:
    """Stops found by the price that triggers them."""

    __slots__ = ("_bests", "_empty", "_looks", "_next", "_sign", "_waiting")

    def __init__(self, side: Side) -> None:
        self._sign = sign_of(side)
        # Those that have not triggered, by sequence.
        self._waiting: dict[int, Order] = {}
        # Best price first. An order that enters later has seen the same or less, and comes last.
        self._bests: list[SharedBest] = []
        self._empty = 0
        # (key, number, best): the lowest key triggers first. It may be lower than any stop's, never higher. An entry is
        # stale once another key is expected.
        self._next: list[tuple[int, int, SharedBest]] = []
        self._looks = 0

    def add(self, order: Order) -> None:
        """Add an order that has seen a best price, or none yet."""
        stop = order.stop
        assert stop is not None
        best = SharedBest(None) if stop.best is None else stop.best
        place = bisect_left(self._bests, self._rank(best.price_e8), key=lambda each: self._rank(each.price_e8))
        if place < len(self._bests) and self._bests[place].price_e8 == best.price_e8:
            best = self._bests[place]
            self._empty -= best.count == 0
        else:
            best = SharedBest(best.price_e8)
            self._bests.insert(place, best)
        best.count += 1
        stop.best = best
        self.reprice(order)

    def remove(self, order: Order) -> None:
        """Remove an order."""
        stop = order.stop
        assert stop is not None
        assert stop.best is not None
        best = stop.best.now()
        stop.best = SharedBest(best.price_e8)
        self._waiting.pop(order.sequence, None)
        best.count -= 1
        if best.count == 0:
            self._empty += 1
            if 2 * self._empty > len(self._bests) + STALE_ENTRIES_MIN:
                self._bests = [each for each in self._bests if each.count]
                self._empty = 0

    def stop_looking_for(self, order: Order) -> None:
        """Note that an order has triggered; it goes on to follow the price."""
        self._waiting.pop(order.sequence, None)

    def reprice(self, order: Order) -> None:
        """Take note of an order's trail; one that has triggered waits again."""
        stop = order.stop
        assert stop is not None
        assert stop.best is not None
        assert stop.trail_amount_e8 is not None
        best = stop.best.now()
        self._waiting[order.sequence] = order
        heappush(best.nearest, (stop.trail_amount_e8, order.sequence))
        self._expect(best)
        if len(best.nearest) > 2 * best.count + STALE_ENTRIES_MIN:
            best.nearest = [*{entry for entry in best.nearest if self._waits(*entry)}]
            heapify(best.nearest)

    def ratchet(self, last_price_e8: int) -> None:
        """Move the stops that have seen no price as good as this."""
        bests, rank = self._bests, self._rank(last_price_e8)
        reached: SharedBest | None = None
        while bests and self._rank(bests[-1].price_e8) >= rank:
            best = bests.pop()
            self._empty -= best.count == 0
            reached = best if reached is None else _merge(best, reached)
        if reached is not None and reached.count:
            reached.price_e8 = last_price_e8
            bests.append(reached)
            self._expect(reached)

    def take_triggered(self, last_price_e8: int) -> list[Order]:
        """Find the orders that a price triggers, in any order; they are no longer looked for."""
        reached = -self._sign * last_price_e8
        triggered: list[Order] = []
        while self._next and self._next[0][0] <= reached:
            key, _, best = heappop(self._next)
            if key != best.expected:
                continue
            best.expected = None
            nearest = best.nearest
            while nearest and self._key(best, nearest[0][0]) <= reached:
                trail_amount_e8, sequence = heappop(nearest)
                if self._waits(trail_amount_e8, sequence):
                    triggered.append(self._waiting.pop(sequence))
            self._expect(best)
        return triggered

    def _expect(self, best: SharedBest) -> None:
        """Have a best looked at when its nearest stop may trigger."""
        if best.price_e8 is None or not best.nearest:
            return
        key = self._key(best, best.nearest[0][0])
        if best.expected is not None and best.expected <= key:
            return
        best.expected = key
        self._looks += 1
        heappush(self._next, (key, self._looks, best))
        if len(self._next) > 2 * len(self._bests) + STALE_ENTRIES_MIN:
            current = {id(best): (key, look, best) for key, look, best in self._next if key == best.expected}
            self._next = list(current.values())
            heapify(self._next)

    def _key(self, best: SharedBest, trail_amount_e8: int) -> int:
        assert best.price_e8 is not None
        return trail_amount_e8 - self._sign * best.price_e8

    def _rank(self, price_e8: int | None) -> int:
        """Rank prices, the best first; no price is the last."""
        return RANK_OF_NO_PRICE if price_e8 is None else -self._sign * price_e8

    def _waits(self, trail_amount_e8: int, sequence: int) -> bool:
        order = self._waiting.get(sequence)
        return order is not None and order.trail_amount_e8 == trail_amount_e8


def _merge(one: SharedBest, other: SharedBest) -> SharedBest:
    """Put the smaller into the larger."""
    large, small = (one, other) if len(one.nearest) >= len(other.nearest) else (other, one)
    for entry in small.nearest:
        heappush(large.nearest, entry)
    large.count += small.count
    small.nearest, small.expected, small.merged_into = [], None, large
    return large
