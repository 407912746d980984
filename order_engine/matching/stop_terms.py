"""What triggers a stop that waits: a fixed price, or a trail behind the best price that it has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from order_engine.matching.commands import Side

if TYPE_CHECKING:
    from order_engine.matching.trailing_stops import SharedBest

_SELL = Side.SELL


class StopTerms:
    """A fixed stop has a ``fixed_price_e8``; a trailing one a ``trail_amount_e8``, and a ``best`` once it waits."""

    __slots__ = ("best", "fixed_price_e8", "trail_amount_e8")

    def __init__(self, fixed_price_e8: int | None, trail_amount_e8: int | None, best: SharedBest | None = None) -> None:
        self.fixed_price_e8 = fixed_price_e8
        self.trail_amount_e8 = trail_amount_e8
        self.best = best

    @property
    def best_price_e8(self) -> int | None:
        """The best price that a trailing stop has seen; None if none yet, or if this is a fixed stop."""
        return None if self.best is None else self.best.now().price_e8

    def price_e8(self, side: Side) -> int | None:
        """Return the price at which it triggers; None if a trailing stop has seen none yet."""
        if self.trail_amount_e8 is None:
            return self.fixed_price_e8
        best_price_e8 = self.best_price_e8
        if best_price_e8 is None:
            return None
        return best_price_e8 - self.trail_amount_e8 if side is _SELL else best_price_e8 + self.trail_amount_e8
