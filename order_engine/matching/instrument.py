"""An instrument: what is traded, and the steps in which its price and quantity move."""

from msgspec import Struct


class Instrument(Struct, frozen=True, kw_only=True, gc=False):
    """``tick_size_e8`` and ``lot_size_e8`` are the smallest steps of price and quantity, in units of 10^-8."""

    symbol: str
    tick_size_e8: int
    lot_size_e8: int
