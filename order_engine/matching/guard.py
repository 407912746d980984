"""The bounds of an incoming order besides its limit: self-trade prevention and the price band."""

from order_engine.matching.commands import SelfTradePrevention
from order_engine.matching.order import Order
from order_engine.matching.price_band import PriceBand
from order_engine.matching.price_level import PriceLevel


class Guard:
    """The bounds of one matching step beyond the limit. Most orders have none, and cost nothing more.

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
