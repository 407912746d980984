"""Protections of the price: the band around the last price, and the deviation that trips the circuit breaker.

A percentage is in units of 10^-8; 0 means no protection. Compared by cross-multiplication, never by division.
"""

from typing import NamedTuple

HUNDRED_PERCENT_E8 = 100 * 100_000_000


class PriceBand(NamedTuple):
    """The prices that are not further than a percentage from a reference; the edges are inside."""

    reference_price_e8: int
    percent_e8: int

    def holds(self, price_e8: int) -> bool:
        """Whether a price is inside."""
        deviation_e8 = abs(price_e8 - self.reference_price_e8)
        return deviation_e8 * HUNDRED_PERCENT_E8 <= self.percent_e8 * self.reference_price_e8


def band_around(reference_price_e8: int | None, percent_e8: int) -> PriceBand | None:
    """Make the band; None if there is no reference or no protection."""
    if reference_price_e8 is None or percent_e8 == 0:
        return None
    return PriceBand(reference_price_e8, percent_e8)
