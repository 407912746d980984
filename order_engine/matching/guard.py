"""What keeps an incoming order from trading with all that its limit reaches: own orders, and the price band."""

from order_engine.matching.book_side import BookSide
from order_engine.matching.commands import SelfTradePrevention
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

    def tradable(self, level: PriceLevel) -> tuple[int, bool]:
        """Count the lots that trades can take from a level, and say whether an own order ends the walk there."""
        if self.own_user is None:
            return level.shown_lots + level.hidden_lots, False
        shown_lots = whole_lots = 0
        for order in level:
            if order.placed.user_id != self.own_user:
                shown_lots += order.shown_lots
                whole_lots += order.remaining_lots
            elif self.mode is not SelfTradePrevention.CANCEL_OLDEST:
                # An iceberg's next slice would come behind this own order.
                return shown_lots, True
        return whole_lots, False


def fillable_lots(opposite: BookSide, limit_rank: int | None, guard: Guard | None, enough_lots: int) -> int:
    """Count what trades alone would fill, hidden lots too, and not much further than ``enough_lots``."""
    lots = 0
    for level in opposite.best_first():
        if lots >= enough_lots or (limit_rank is not None and level.rank > limit_rank):
            break
        if guard is None:
            lots += level.shown_lots + level.hidden_lots
            continue
        if guard.stops_at(level):
            break
        tradable_lots, is_blocked = guard.tradable(level)
        lots += tradable_lots
        if is_blocked:
            break
    return lots
