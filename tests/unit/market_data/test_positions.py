"""Positions by the average cost method: computed by hand, and against the same rule with fractions."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_engine.market_data.positions import Position, round_half_even

E8 = 10**8
E16 = 10**16
Trades = list[tuple[str, str]]
AMOUNTS_E8 = st.integers(min_value=1, max_value=10**18)
BOUGHT_E8 = AMOUNTS_E8 | AMOUNTS_E8.map(lambda amount: -amount)


def position_after(trades: Trades) -> Position:
    position = Position()
    for bought, price in trades:
        position.trade(int(Decimal(bought) * E8), int(Decimal(price) * E8))
    return position


@pytest.mark.parametrize(
    ("trades", "net", "average", "cost", "realized"),
    [
        ([], "0", None, "0", "0"),
        ([("10", "100")], "10", "100", "1000", "0"),
        ([("10", "100"), ("10", "110")], "20", "105", "2100", "0"),
        # A sale realizes the difference to the average, and does not change the average.
        ([("10", "100"), ("10", "110"), ("-5", "120")], "15", "105", "1575", "75"),
        ([("10", "100"), ("-5", "110"), ("5", "120")], "10", "110", "1100", "50"),
        ([("10", "100"), ("-10", "90")], "0", None, "0", "-100"),
        # A short position earns if it is bought back for less.
        ([("-10", "100")], "-10", "100", "-1000", "0"),
        ([("-10", "100"), ("-10", "110"), ("15", "90")], "-5", "105", "-525", "225"),
        # Through zero: 10 are closed at 120, 5 are opened there.
        ([("10", "100"), ("-15", "120")], "-5", "120", "-600", "200"),
        ([("-10", "100"), ("15", "120")], "5", "120", "600", "-200"),
        ([("10", "100"), ("-15", "120"), ("5", "110")], "0", None, "0", "250"),
        # Averages are rounded, totals are not.
        ([("1", "1"), ("2", "2")], "3", "1.66666667", "5", "0"),
        ([("1", "0.00000001"), ("1", "0.00000002")], "2", "0.00000002", "0.00000003", "0"),
        ([("1", "0.00000003"), ("1", "0.00000002")], "2", "0.00000002", "0.00000005", "0"),
    ],
)
def test_position_after_trades(trades: Trades, net: str, average: str | None, cost: str, realized: str) -> None:
    position = position_after(trades)

    assert position.net_e8 == Decimal(net) * E8
    assert position.average_price_e8 == (None if average is None else Decimal(average) * E8)
    assert position.cost_e16 == Decimal(cost) * E16
    assert position.realized_e16 == Decimal(realized) * E16


def test_what_is_rounded_off_a_share_of_the_cost_is_not_lost() -> None:
    position = position_after([("1", "1"), ("2", "2")])

    position.trade(-E8, 2 * E8)
    after_one = (position.cost_e16, position.realized_e16)
    position.trade(-2 * E8, 2 * E8)

    assert after_one == (5 * E16 - 16_666_666_666_666_667, 2 * E16 - 16_666_666_666_666_667)
    assert position == Position(net_e8=0, cost_e16=0, realized_e16=E16)


@given(st.lists(st.tuples(BOUGHT_E8, AMOUNTS_E8), max_size=30))
def test_money_is_conserved_to_the_last_digit(trades: list[tuple[int, int]]) -> None:
    position = Position()

    for bought_e8, price_e8 in trades:
        position.trade(bought_e8, price_e8)

    received_e16 = -sum(bought_e8 * price_e8 for bought_e8, price_e8 in trades)
    assert position.realized_e16 == received_e16 + position.cost_e16
    assert position.net_e8 == sum(bought_e8 for bought_e8, _ in trades)
    assert (position.cost_e16 == 0) if position.net_e8 == 0 else (position.cost_e16 > 0) == (position.net_e8 > 0)


@given(st.lists(st.tuples(BOUGHT_E8, AMOUNTS_E8), max_size=30))
def test_position_is_that_of_unrounded_average_cost(trades: list[tuple[int, int]]) -> None:
    position = Position()
    net, average, realized = Fraction(0), Fraction(0), Fraction(0)

    for bought_e8, price_e8 in trades:
        position.trade(bought_e8, price_e8)
        # First the units that close, then those that open.
        bought, price = Fraction(bought_e8), Fraction(price_e8)
        closes = max(min(bought, -net), Fraction(0)) if net < 0 else min(max(bought, -net), Fraction(0))
        realized += -closes * (price - average)
        net += closes
        opens = bought - closes
        if opens:
            average = (net * average + opens * price) / (net + opens)
            net += opens

    # Each trade rounds by at most half a unit of the 16th decimal.
    assert abs(position.realized_e16 - realized) <= len(trades)
    assert abs(position.cost_e16 - net * average) <= len(trades)


@given(st.integers(-(10**40), 10**40), st.integers(-(10**20), 10**20).filter(bool))
def test_rounding_is_half_even(numerator: int, denominator: int) -> None:
    assert round_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


def test_rounding_of_halves_goes_to_the_even_neighbour() -> None:
    halves = {half: round_half_even(half, 2) for half in range(-5, 6, 2)}

    assert halves == {half: int((Decimal(half) / 2).quantize(Decimal(1), ROUND_HALF_EVEN)) for half in halves}
