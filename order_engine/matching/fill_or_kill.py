"""Whether a FOK order would fill, told at a glance: by its first few prices and orders. See also ``SummedSide``."""

from collections import deque

from order_engine.matching.book_side import BookSide
from order_engine.matching.bounds import UNBOUNDED
from order_engine.matching.commands import SelfTradePrevention
from order_engine.matching.guard import Guard
from order_engine.matching.price_level import PriceLevel

LOOKS_MAX = 16
"""How many prices and orders are a glance."""

Icebergs = deque[tuple[int, int]]
"""What each hides, and how much it shows at a time."""


def fills_at_a_glance(
    opposite: BookSide, limit_rank: int | None, guard: Guard | None, lots: int, steps: int, looks: int
) -> bool | None:
    """Say whether trades alone would fill so many lots, hidden ones too, in so many steps at most.

    None if that takes more than so many looks.
    """
    meets_own = guard is not None and guard.own_user is not None
    for level in opposite.best_first():
        if (limit_rank is not None and level.rank > limit_rank) or (guard is not None and guard.stops_at(level)):
            return False
        if not meets_own and level.length <= steps and (level.hidden_lots == 0 or steps == UNBOUNDED):
            # Each order is met once; or it does not matter how often.
            looks -= 1
            lots -= level.shown_lots + level.hidden_lots
            steps -= level.length if steps < UNBOUNDED else 0
        else:
            lots, steps, looks = _walk(level, guard, lots, steps, looks)
        if looks < 0:
            return None
        if lots <= 0:
            return True
        if steps <= 0:
            return False
    return False


def icebergs_of(level: PriceLevel, guard: Guard | None) -> Icebergs:
    """List what hides at a price, in order of the queue, without the guard's user's own."""
    return deque(
        (order.hidden_lots, order.display_lots)
        for order in level
        if order.hidden_lots and order.display_lots is not None and not (guard is not None and guard.owns(order))
    )


def walk_slices(icebergs: Icebergs, lots: int, steps: int) -> tuple[int, int]:
    """Trade with slices in turn; return what lots and what steps are left."""
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


def _walk(level: PriceLevel, guard: Guard | None, lots: int, steps: int, looks: int) -> tuple[int, int, int]:
    """Go through a level as matching would; return what lots, steps and looks are left.

    No steps are left if the order must end there.
    """
    for order in level:
        if lots <= 0 or steps <= 0 or looks < 0:
            return lots, steps, looks
        looks -= 1
        steps -= 1
        if guard is not None and guard.owns(order):
            if guard.mode is not SelfTradePrevention.CANCEL_OLDEST:
                # An iceberg's next slice would come behind this own order.
                return lots, 0, looks
            continue
        lots -= order.shown_lots
    return *walk_slices(icebergs_of(level, guard), lots, steps), looks
