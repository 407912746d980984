"""Positions: a user's net quantity in a symbol, its cost and the realized profit, computed from trades.

The method is average cost. A trade that increases a position adds price times quantity to the cost. A trade that
reduces it removes a proportional share of the cost; the difference between that share and the trade's notional is
realized. A trade through zero closes the position and opens the opposite one at the trade's price. Every amount is
exact except the share, which is rounded half-even to 10^-16. The rounding error stays in the cost, so that always
``realized = money received - money paid + cost`` to the last digit.
"""

from msgspec import Struct


class Position(Struct):
    """A position. For a short one ``net_e8`` and ``cost_e16`` are negative: the cost is money received."""

    net_e8: int = 0
    cost_e16: int = 0
    realized_e16: int = 0

    def trade(self, bought_e8: int, price_e8: int) -> None:
        """Add a trade of the user with another user; ``bought_e8`` is negative for a sale."""
        net_e8 = self.net_e8
        if net_e8 and (net_e8 < 0) != (bought_e8 < 0):
            closed_e8 = bought_e8 if abs(bought_e8) < abs(net_e8) else -net_e8
            self._close(closed_e8, price_e8)
            bought_e8 -= closed_e8
        self.net_e8 += bought_e8
        self.cost_e16 += bought_e8 * price_e8

    @property
    def average_price_e8(self) -> int | None:
        """The cost of one unit, rounded half-even to 8 decimals; None without a position."""
        return round_half_even(self.cost_e16, self.net_e8) if self.net_e8 else None

    def _close(self, closed_e8: int, price_e8: int) -> None:
        share_e16 = round_half_even(self.cost_e16 * -closed_e8, self.net_e8)
        self.realized_e16 -= closed_e8 * price_e8 + share_e16
        self.cost_e16 -= share_e16
        self.net_e8 += closed_e8


def round_half_even(numerator: int, denominator: int) -> int:
    """Divide and round to the nearest integer, ties to the even one."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    return quotient + (twice > denominator or (twice == denominator and quotient % 2 == 1))
