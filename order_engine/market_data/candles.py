"""Candles: the trades of a stretch of time in a few exact totals, which can be added up to longer stretches.

Kept are candles of a second, a minute, an hour and a day; those of other lengths are added up from the next shorter.
Days begin at midnight UTC. A stretch without trades has no candle.
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

INTERVALS: Mapping[str, int] = MappingProxyType(
    {"1s": SECOND, "1m": MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "1h": HOUR, "1d": DAY}
)


class CandleKey(NamedTuple):
    """Whose trades a candle tells of: those of a symbol in the ``seconds`` from ``start_ns``."""

    symbol: str
    seconds: int
    start_ns: int


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
        if price_e8 > self.high_e8:
            self.high_e8 = price_e8
        elif price_e8 < self.low_e8:
            self.low_e8 = price_e8
        self.close_e8 = price_e8
        self.volume_e8 += quantity_e8
        self.notional_e16 += price_e8 * quantity_e8
        self.trades += 1

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


def start_of(seconds: int, timestamp_ns: int) -> int:
    """Return when the stretch of so many seconds began that a moment is in."""
    return timestamp_ns - timestamp_ns % (seconds * NS_PER_SECOND)


def kept_length(seconds: int) -> int:
    """Return the longest length that is kept and of which a candle of so many seconds can be added up."""
    return max(kept for kept in KEPT_LENGTHS if seconds % kept == 0)


def add_up(candles: Iterable[tuple[int, Candle]], seconds: int) -> list[tuple[int, Candle]]:
    """Add candles, each with its start and oldest first, up to longer ones; the given ones are left as they are."""
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
    """Counts trades, oldest first, into candles of every kept length."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, int], Candle] = {}

    def add_trade(self, symbol: str, timestamp_ns: int, price_e8: int, quantity_e8: int) -> None:
        """Count a trade that came after all the others."""
        key = (symbol, start_of(SECOND, timestamp_ns))
        candle = self._seconds.get(key)
        if candle is None:
            self._seconds[key] = candle_of_trade(price_e8, quantity_e8)
        else:
            candle.add_trade(price_e8, quantity_e8)

    def candles(self) -> dict[CandleKey, Candle]:
        """Return the candles of all kept lengths."""
        of_symbol: dict[str, list[tuple[int, Candle]]] = {}
        for (symbol, start_ns), candle in self._seconds.items():
            of_symbol.setdefault(symbol, []).append((start_ns, candle))
        return {
            CandleKey(symbol, seconds, start_ns): candle
            for symbol, shortest in of_symbol.items()
            for seconds in KEPT_LENGTHS
            for start_ns, candle in add_up(shortest, seconds)
        }
