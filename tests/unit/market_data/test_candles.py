"""Candles add up exactly, in time order."""

from hypothesis import given
from hypothesis import strategies as st

from order_engine.market_data.candles import Candle, candle_of_trade

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
