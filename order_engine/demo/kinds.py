"""The kinds of instruments that the demo trades. Prices are in ticks, quantities in lots."""

from collections.abc import Mapping
from typing import NamedTuple

from order_engine.wire.units import format_price, format_quantity, parse_positive_amount


class Kind(NamedTuple):
    """What a market is like; the price moves by about ``volatility_milliticks`` a turn, a turn takes ``pause_ms``."""

    tick_size: str
    lot_size: str
    first_ticks: int
    lowest_ticks: int
    highest_ticks: int
    volatility_milliticks: int
    half_spread_ticks: int
    reach_ticks: int
    usual_lots: int
    pause_ms: int

    @property
    def listing(self) -> dict[str, str]:
        """The fields that list such an instrument."""
        reference = self.price(self.first_ticks)
        return {"tick_size": self.tick_size, "lot_size": self.lot_size, "reference_price": reference}

    def price(self, ticks: int) -> str:
        """Write a price."""
        tick_size_e8 = parse_positive_amount(self.tick_size)
        return format_price(ticks * tick_size_e8, tick_size_e8)

    def ticks(self, price: str) -> int:
        """Read a price."""
        return parse_positive_amount(price) // parse_positive_amount(self.tick_size)

    def lots_of(self, quantity: str) -> int:
        """Read a quantity."""
        return parse_positive_amount(quantity) // parse_positive_amount(self.lot_size)

    def quantity(self, lots: int) -> str:
        """Write a quantity."""
        return format_quantity(lots * parse_positive_amount(self.lot_size))


STOCK = Kind("0.01", "1", 18_250, 2_000, 90_000, 1_300, 1, 26, 40, 700)
CRYPTO = Kind("0.5", "0.0001", 128_400, 20_000, 900_000, 7_000, 2, 120, 900, 600)
CONTRACT = Kind("0.01", "1", 58, 2, 98, 160, 1, 8, 120, 1_600)
QUIET = Kind("0.005", "1", 19_920, 15_000, 25_000, 500, 2, 20, 25, 4_500)

KINDS: Mapping[str, Kind] = {"ACME": STOCK, "BTC-USD": CRYPTO, "RAIN": CONTRACT, "BOND-2040": QUIET}


def kind_of(symbol: str) -> Kind:
    """Return the kind of a symbol; one that the demo does not know is a stock."""
    return KINDS.get(symbol, STOCK)
