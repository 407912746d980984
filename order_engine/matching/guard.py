"""What keeps an incoming order from trading with all that its limit reaches: own orders, and the price band."""

from collections import deque

from order_engine.matching.book_side import BookSide
from order_engine.matching.bounds import UNBOUNDED
from order_engine.matching.commands import SelfTradePrevention
from order_engine.matching.order import Order
from order_engine.matching.price_band import PriceBand
from order_engine.matching.price_level import PriceLevel


class Guard:
    """The bounds of one matching step beyond the limit. Most orders have none, and pay nothing for it.

    ``own_user`` is None where no self-trade is prevented; ``band`` bounds an order without a limit, since a limit is
    held against the band on entry.
    """

    __slots__ = ("_tick_size_e8", "band", "mode", "own_user")

    def __init__(
        self, own_user: str | None, mode: SelfTradePrevention, band: PriceBand | None, tick_size_e8: int
    ) -> None:
        self.own_user = own_user
        self.mode = mode
        self.band = band
        self._tick_size_e8 = tick_size_e8

    def stops_at(self, level: PriceLevel) -> bool:
        """Whether the order may not trade at this level's price."""
        return self.band is not None and not self.band.holds(level.price_ticks * self._tick_size_e8)

    def owns(self, order: Order) -> bool:
        """Whether a resting order is the incoming one's user's own, with which it may not trade."""
        return self.own_user is not None and order.placed.user_id == self.own_user


def can_fill(opposite: BookSide, limit_rank: int | None, guard: Guard | None, lots: int, steps: int) -> bool:
    """Say whether trades alone would fill so many lots, hidden ones too, in so many steps at most."""
    for level in opposite.best_first():
        if (limit_rank is not None and level.rank > limit_rank) or (guard is not None and guard.stops_at(level)):
            return False
        meets_own = guard is not None and guard.own_user is not None
        if not meets_own and level.length <= steps and (level.hidden_lots == 0 or steps == UNBOUNDED):
            # Each order is met once; or it does not matter how often.
            lots -= level.shown_lots + level.hidden_lots
            steps -= level.length if steps < UNBOUNDED else 0
        else:
            lots, steps = _walk(level, guard, lots, steps)
        if lots <= 0:
            return True
        if steps <= 0:
            return False
    return False


def _walk(level: PriceLevel, guard: Guard | None, lots: int, steps: int) -> tuple[int, int]:
    """Go through a level as matching would; return what lots and what steps are left, no steps if it must end there."""
    icebergs: deque[tuple[int, int]] = deque()
    for order in level:
        if lots <= 0 or steps <= 0:
            return lots, steps
        steps -= 1
        if guard is not None and guard.owns(order):
            if guard.mode is not SelfTradePrevention.CANCEL_OLDEST:
                # An iceberg's next slice would come behind this own order.
                return lots, 0
            continue
        lots -= order.shown_lots
        if order.hidden_lots and order.display_lots is not None:
            icebergs.append((order.hidden_lots, order.display_lots))
    return _walk_slices(icebergs, lots, steps)


def _walk_slices(icebergs: deque[tuple[int, int]], lots: int, steps: int) -> tuple[int, int]:
    slices = sum(-(-hidden_lots // display_lots) for hidden_lots, display_lots in icebergs)
    if slices <= steps:
        # There is a step for each; in what order they come does not matter.
        hidden_lots = sum(hidden_lots for hidden_lots, _ in icebergs)
        return lots - hidden_lots, steps - slices
    while icebergs and lots > 0 and steps > 0:
        hidden_lots, display_lots = icebergs.popleft()
        steps -= 1
        lots -= min(hidden_lots, display_lots)
        if hidden_lots > display_lots:
            icebergs.append((hidden_lots - display_lots, display_lots))
    return lots, steps
