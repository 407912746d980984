"""Candles: exact totals of the trades in an interval of time. Short candles add up to longer ones.

Candles of a second, a minute, an hour and a day are stored; other lengths are added up from the longest stored length
that divides them. Days begin at midnight UTC. An interval without trades has no candle.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct

NS_PER_SECOND = 1_000_000_000
SECOND, MINUTE, HOUR, DAY = 1, 60, 3_600, 86_400
KEPT_LENGTHS = (SECOND, MINUTE, HOUR, DAY)
MINUTE_NS = MINUTE * NS_PER_SECOND
HOUR_NS = HOUR * NS_PER_SECOND

INTERVALS: Mapping[str, int] = MappingProxyType(
    {"1s": SECOND, "1m": MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "1h": HOUR, "1d": DAY}
)


class CandleKey(NamedTuple):
    """Identifies a candle: its symbol, its length in seconds, and the start of its interval."""

    symbol: str
    seconds: int
    start_ns: int


class Candle(Struct):
    """Open, high, low and close prices, traded quantity, traded notional, and the number of trades."""

    open_e8: int
    high_e8: int
    low_e8: int
    close_e8: int
    volume_e8: int
    notional_e16: int
    trades: int

    def add_trade(self, price_e8: int, quantity_e8: int) -> None:
        """Add a trade that is later than all others."""
        if price_e8 > self.high_e8:
            self.high_e8 = price_e8
        elif price_e8 < self.low_e8:
            self.low_e8 = price_e8
        self.close_e8 = price_e8
        self.volume_e8 += quantity_e8
        self.notional_e16 += price_e8 * quantity_e8
        self.trades += 1

    def add(self, later: "Candle") -> None:
        """Add a later candle: the open price stays, the close price is the later one's."""
        self.high_e8 = max(self.high_e8, later.high_e8)
        self.low_e8 = min(self.low_e8, later.low_e8)
        self.close_e8 = later.close_e8
        self.volume_e8 += later.volume_e8
        self.notional_e16 += later.notional_e16
        self.trades += later.trades


def candle_of_trade(price_e8: int, quantity_e8: int) -> Candle:
    """Create a candle from its first trade."""
    return Candle(price_e8, price_e8, price_e8, price_e8, quantity_e8, price_e8 * quantity_e8, 1)


def start_of(seconds: int, timestamp_ns: int) -> int:
    """Return the start of the interval of this length that contains a time."""
    return timestamp_ns - timestamp_ns % (seconds * NS_PER_SECOND)


def first_start(seconds: int, timestamp_ns: int) -> int:
    """Return the start of the first interval of this length that begins at a time or later."""
    return start_of(seconds, timestamp_ns + seconds * NS_PER_SECOND - 1)


def kept_length(seconds: int) -> int:
    """Return the longest stored length that divides this length."""
    return max(kept for kept in KEPT_LENGTHS if seconds % kept == 0)


def add_up(candles: Iterable[tuple[int, Candle]], seconds: int) -> list[tuple[int, Candle]]:
    """Add candles, each with its start and oldest first, up to longer ones; do not change the given candles."""
    longer: dict[int, Candle] = {}
    for start_ns, candle in candles:
        longer_start_ns = start_of(seconds, start_ns)
        present = longer.get(longer_start_ns)
        if present is None:
            longer[longer_start_ns] = copy(candle)
        else:
            present.add(candle)
    return list(longer.items())


class CandleSheet:
    """Collects trades, oldest first, into candles of every stored length."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, int], Candle] = {}

    def add_trade(self, symbol: str, timestamp_ns: int, price_e8: int, quantity_e8: int) -> None:
        """Add a trade that is later than all others."""
        key = (symbol, start_of(SECOND, timestamp_ns))
        candle = self._seconds.get(key)
        if candle is None:
            self._seconds[key] = candle_of_trade(price_e8, quantity_e8)
        else:
            candle.add_trade(price_e8, quantity_e8)

    def candles(self) -> dict[CandleKey, Candle]:
        """Return the candles of all stored lengths."""
        of_symbol: dict[str, list[tuple[int, Candle]]] = {}
        for (symbol, start_ns), candle in self._seconds.items():
            of_symbol.setdefault(symbol, []).append((start_ns, candle))
        return {
            CandleKey(symbol, seconds, start_ns): candle
            for symbol, shortest in of_symbol.items()
            for seconds in KEPT_LENGTHS
            for start_ns, candle in add_up(shortest, seconds)
        }
