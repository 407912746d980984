"""Candles add up exactly, in time order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_engine.market_data.candles import (
    INTERVALS,
    KEPT_LENGTHS,
    NS_PER_SECOND,
    Candle,
    CandleSheet,
    add_up,
    candle_of_trade,
    kept_length,
    start_of,
)

AMOUNTS = st.integers(min_value=1, max_value=10**18)
TRADES = st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=20)


def candle_of(trades: list[tuple[int, int]]) -> Candle:
    candle = candle_of_trade(*trades[0])
    for trade in trades[1:]:
        candle.add_trade(*trade)
    return candle


@given(TRADES)
def test_candle_tells_of_its_trades(trades: list[tuple[int, int]]) -> None:
    prices = [price for price, _ in trades]

    assert candle_of(trades) == Candle(
        open_e8=prices[0],
        high_e8=max(prices),
        low_e8=min(prices),
        close_e8=prices[-1],
        volume_e8=sum(quantity for _, quantity in trades),
        notional_e16=sum(price * quantity for price, quantity in trades),
        trades=len(trades),
    )


@given(TRADES, TRADES)
def test_candles_added_up_are_the_candle_of_all_their_trades(
    earlier: list[tuple[int, int]], later: list[tuple[int, int]]
) -> None:
    candle = candle_of(earlier)

    candle.add(candle_of(later))

    assert candle == candle_of(earlier + later)


def test_every_interval_is_made_of_kept_candles_of_which_few_are_needed() -> None:
    needed = {name: seconds // kept_length(seconds) for name, seconds in INTERVALS.items()}

    assert needed == {"1s": 1, "1m": 1, "5m": 5, "15m": 15, "1h": 1, "1d": 1}


@pytest.mark.parametrize("seconds", INTERVALS.values())
def test_candles_of_kept_lengths_add_up_to_those_of_the_trades(seconds: int) -> None:
    trades = [(second * NS_PER_SECOND * 7 + second, 100 + second % 13, 1 + second % 5) for second in range(30_000)]
    sheet = CandleSheet()
    expected: dict[int, list[tuple[int, int]]] = {}
    for timestamp_ns, price, quantity in trades:
        sheet.add_trade("AAPL", timestamp_ns, price, quantity)
        sheet.add_trade("MSFT", timestamp_ns, price, 1)
        expected.setdefault(start_of(seconds, timestamp_ns), []).append((price, quantity))

    kept = [
        (key.start_ns, candle)
        for key, candle in sheet.candles().items()
        if key.symbol == "AAPL" and key.seconds == kept_length(seconds)
    ]

    assert add_up(kept, seconds) == [(start_ns, candle_of(found)) for start_ns, found in expected.items()]


def test_candles_of_a_sheet_share_nothing() -> None:
    sheet = CandleSheet()
    sheet.add_trade("AAPL", 0, 10, 1)

    candles = list(sheet.candles().values())
    candles[0].add_trade(20, 1)

    assert [candle.trades for candle in candles] == [2] + [1] * (len(KEPT_LENGTHS) - 1)
