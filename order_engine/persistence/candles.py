"""Candles: the trades of a stretch of time in a few exact totals, which can be added up to longer stretches."""

from msgspec import Struct

MINUTE_NS = 60_000_000_000


class Candle(Struct):
    """Open, high, low and close, the quantity traded, the money that changed hands, and the number of trades."""

    open_e8: int
    high_e8: int
    low_e8: int
    close_e8: int
    volume_e8: int
    notional_e16: int
    trades: int

    def add_trade(self, price_e8: int, quantity_e8: int) -> None:
        """Count a trade that came after all the others."""
        self.add(candle_of_trade(price_e8, quantity_e8))

    def add(self, later: "Candle") -> None:
        """Count what came after: the open stays, the close is the later one's."""
        self.high_e8 = max(self.high_e8, later.high_e8)
        self.low_e8 = min(self.low_e8, later.low_e8)
        self.close_e8 = later.close_e8
        self.volume_e8 += later.volume_e8
        self.notional_e16 += later.notional_e16
        self.trades += later.trades


def candle_of_trade(price_e8: int, quantity_e8: int) -> Candle:
    """Begin a candle with its first trade."""
    return Candle(price_e8, price_e8, price_e8, price_e8, quantity_e8, price_e8 * quantity_e8, 1)


def minute_of(timestamp_ns: int) -> int:
    """Return when the minute began that a moment is in."""
    return timestamp_ns - timestamp_ns % MINUTE_NS
