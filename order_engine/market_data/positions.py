"""Positions: what a user holds of a symbol, what it cost, and what closing parts of it earned, from trades alone.

The method is average cost. A trade that adds to a position adds its price times quantity to the cost. One that reduces
it takes out the share of the cost that its quantity is of the position, and the difference to what it was traded for
is realised. One that goes through zero closes the position, and opens the other way at its own price. All amounts are
exact but that share, which is rounded half-even to 10^-16; what is rounded off stays in the cost, so that at any time
``realized = money received - money paid + cost`` to the last digit.
"""

from msgspec import Struct


class Position(Struct):
    """``net_e8`` and ``cost_e16`` are negative for a short position: owed, and what was received for it."""

    net_e8: int = 0
    cost_e16: int = 0
    realized_e16: int = 0

    def trade(self, bought_e8: int, price_e8: int) -> None:
        """Count a trade of the user with somebody else; what was sold is negative."""
        net_e8 = self.net_e8
        if net_e8 and (net_e8 < 0) != (bought_e8 < 0):
            closed_e8 = bought_e8 if abs(bought_e8) < abs(net_e8) else -net_e8
            self._close(closed_e8, price_e8)
            bought_e8 -= closed_e8
        self.net_e8 += bought_e8
        self.cost_e16 += bought_e8 * price_e8

    @property
    def average_price_e8(self) -> int | None:
        """What a unit of the position cost, rounded half-even to 8 decimals; None if there is none."""
        return round_half_even(self.cost_e16, self.net_e8) if self.net_e8 else None

    def _close(self, closed_e8: int, price_e8: int) -> None:
        share_e16 = round_half_even(self.cost_e16 * -closed_e8, self.net_e8)
        self.realized_e16 -= closed_e8 * price_e8 + share_e16
        self.cost_e16 -= share_e16
        self.net_e8 += closed_e8


def round_half_even(numerator: int, denominator: int) -> int:
    """Divide, rounding to the nearest integer, and of two equally near to the even one."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    return quotient + (twice > denominator or (twice == denominator and quotient % 2 == 1))
