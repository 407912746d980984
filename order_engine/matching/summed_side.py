"""A side of a book that knows its sums in the order in which it would trade, so that a FOK order costs O(log n).

A side is plain until a FOK order asks for more than a glance tells. Then its sums are made, and kept from then on: only
books in which such orders come pay for them.
"""

from collections.abc import Iterable

from order_engine.matching.book_side import BookSide
from order_engine.matching.commands import SelfTradePrevention
from order_engine.matching.fill_or_kill import icebergs_of, walk_slices
from order_engine.matching.guard import Guard
from order_engine.matching.order import Order
from order_engine.matching.sum_tree import SumTree

OWNERS_MAX = 1_000
ARRIVAL_BITS = 48
ALL_HIDDEN = (1 << ARRIVAL_BITS) - 1
"""Stands in a key for all that the icebergs of a price hide: it trades after all that the price shows."""


class SummedSide(BookSide):
    """Keys are a rank and, within it, the number of an arrival in the queue."""

    __slots__ = ("_all", "_arrivals", "_keys", "_owners")

    def __init__(self, plain: BookSide) -> None:
        self.sign = plain.sign
        self.levels = plain.levels
        self._heap = plain._heap
        self._in_heap = plain._in_heap
        self._arrivals = 0
        # By the sequence of an order.
        self._keys: dict[int, int] = {}
        # Of those who asked last: what their orders have of the sums.
        self._owners: dict[str, SumTree] = {}
        resting = [order for rank in sorted(self.levels) for order in self.levels[rank]]
        for order in resting:
            self._queue(order)
        self._all = _tree_of((self._keys[order.sequence], order, 1) for order in resting)

    def add(self, order: Order) -> None:
        """Queue an order at the back of its price."""
        super().add(order)
        self._queue(order)
        self._sum_up(order, 1)

    def remove(self, order: Order) -> None:
        """Take a resting order out of the book."""
        self._sum_up(order, -1)
        del self._keys[order.sequence]
        super().remove(order)

    def fill_maker(self, maker: Order, lots: int, price_ticks: int) -> None:
        """Trade ``lots`` that a resting order shows."""
        self._sum_up(maker, -1)
        hidden_before = maker.hidden_lots
        super().fill_maker(maker, lots, price_ticks)
        if not maker.remaining_lots:
            del self._keys[maker.sequence]
            return
        if maker.hidden_lots != hidden_before:
            # It shows a new slice, at the back.
            self._queue(maker)
        self._sum_up(maker, 1)

    def discount(self, order: Order) -> None:
        """Take a resting order's lots out of the sums, before they change where it stands."""
        self._sum_up(order, -1)
        super().discount(order)

    def count(self, order: Order) -> None:
        """Add the lots of a resting order that ``discount`` took out, as they are now."""
        super().count(order)
        self._sum_up(order, 1)

    def can_fill(
        self, limit_rank: int | None, guard: Guard | None, own: Iterable[Order], lots: int, steps: int
    ) -> bool:
        """Say whether trades alone would fill so many lots, hidden ones too, in so many steps at most.

        ``own`` are all live orders of the guard's user.
        """
        best = self.best()
        if best is None or steps <= 0 or (guard is not None and guard.stops_at(best)):
            return False
        theirs = None if guard is None or guard.own_user is None else self._sums_of(guard.own_user, own)
        passed = theirs if guard is not None and guard.mode is SelfTradePrevention.CANCEL_OLDEST else None
        if self._all.lots - (0 if passed is None else passed.lots) < lots:
            return False
        reached = self._all.reaching(lots, steps, passed)
        if reached is None or reached.lots_with < lots:
            return False
        level = self.levels[reached.key >> ARRIVAL_BITS]
        if (limit_rank is not None and level.rank > limit_rank) or (guard is not None and guard.stops_at(level)):
            return False
        first = None if theirs is None or theirs is passed else theirs.first_key
        if first is not None and first <= reached.key:
            return False
        if reached.key & ALL_HIDDEN != ALL_HIDDEN:
            return True
        left, _ = walk_slices(icebergs_of(level, guard), lots - reached.lots_before, steps - reached.steps_before)
        return left <= 0

    def _queue(self, order: Order) -> None:
        level = order.level
        assert level is not None
        self._arrivals += 1
        self._keys[order.sequence] = (level.rank << ARRIVAL_BITS) + self._arrivals

    def _sum_up(self, order: Order, sign: int) -> None:
        """Add what an order has to the sums, or take it away."""
        if not order.remaining_lots:
            return
        key, hidden_lots = self._keys[order.sequence], order.hidden_lots
        shown_lots = sign * (order.remaining_lots - hidden_lots)
        self._all.change(key, shown_lots, sign)
        theirs = None if order.placed.user_id is None else self._owners.get(order.placed.user_id)
        if theirs is not None:
            theirs.change(key, shown_lots, 0)
        if hidden_lots:
            slices = sign * slices_of(order)
            self._all.change(key | ALL_HIDDEN, sign * hidden_lots, slices)
            if theirs is not None:
                theirs.change(key | ALL_HIDDEN, sign * hidden_lots, slices)

    def _sums_of(self, user_id: str, live: Iterable[Order]) -> SumTree:
        found = self._owners.get(user_id)
        if found is None:
            resting = [(self._keys[order.sequence], order, 0) for order in live if order.sequence in self._keys]
            found = self._owners[user_id] = _tree_of(sorted(resting, key=lambda entry: entry[0]))
            if len(self._owners) > OWNERS_MAX:
                del self._owners[next(iter(self._owners))]
        return found


def slices_of(order: Order) -> int:
    """Say in how many slices an order will show what it hides."""
    assert order.display_lots is not None
    return -(-order.hidden_lots // order.display_lots)


def _tree_of(entries: Iterable[tuple[int, Order, int]]) -> SumTree:
    """Sum up orders, each with its key and the step that it takes, in order of the keys."""
    sums: dict[int, tuple[int, int]] = {}
    hidden: dict[int, tuple[int, int]] = {}
    for key, order, step in entries:
        sums[key] = (order.shown_lots, step)
        if order.hidden_lots:
            lots, slices = hidden.get(key | ALL_HIDDEN, (0, 0))
            hidden[key | ALL_HIDDEN] = (lots + order.hidden_lots, slices + slices_of(order))
    if hidden:
        sums = dict(sorted({**sums, **hidden}.items()))
    return SumTree([*sums], [lots for lots, _ in sums.values()], [steps for _, steps in sums.values()])
