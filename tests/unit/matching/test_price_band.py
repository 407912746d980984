"""The price band: how far from the last price a limit may be, and a MARKET order may trade."""

import pytest

from order_engine.matching.reason import Reason
from tests.builders import (
    Exchange,
    accepted,
    buy,
    canceled,
    instrument,
    rejected,
    sell,
    standing,
    trade,
    triggered,
)


def exchange_with_band(percent: str, *, last_price: str | None = "100.00", reference: str | None = None) -> Exchange:
    """Make an exchange whose next command is the fifth."""
    exchange = Exchange()
    price = last_price or "100.00"
    exchange.apply_all(sell(quantity="1", price=price), buy(quantity="1", price=price if last_price else "1.00"))
    exchange.apply(instrument(band=percent, reference=reference))
    return exchange


@pytest.mark.parametrize("price", ["90.00", "110.00", "100.00"])
@pytest.mark.parametrize("order", [buy, sell])
def test_limit_on_the_edge_is_inside(price: str, order: object) -> None:
    exchange, placed = exchange_with_band("10"), order(price=price)

    assert exchange.apply(placed) == [accepted(placed, 5)]


@pytest.mark.parametrize("price", ["89.99", "110.01"])
@pytest.mark.parametrize("terms", [{}, {"time_in_force": "IOC"}, {"display": "1"}])
def test_limit_beyond_the_edge_is_refused(price: str, terms: dict[str, str]) -> None:
    exchange, placed = exchange_with_band("10"), buy(price=price, **terms)

    assert exchange.apply(placed) == [rejected(placed, 5, Reason.PRICE_OUT_OF_BAND)]


@pytest.mark.parametrize(
    ("price", "is_inside"), [("103.33", True), ("103.34", False), ("96.67", True), ("96.66", False)]
)
def test_edge_is_never_rounded(price: str, is_inside: bool) -> None:
    exchange, placed = exchange_with_band("3.33333333"), buy(price=price)

    expected = accepted(placed, 5) if is_inside else rejected(placed, 5, Reason.PRICE_OUT_OF_BAND)
    assert exchange.apply(placed) == [expected]


def test_reference_price_stands_in_until_something_trades() -> None:
    exchange, far = exchange_with_band("10", last_price=None, reference="200.00"), buy(price="110.00")

    assert exchange.apply(far) == [rejected(far, 5, Reason.PRICE_OUT_OF_BAND)]


def test_last_price_goes_before_the_reference_price() -> None:
    exchange, near = exchange_with_band("10", reference="200.00"), buy(price="110.00")

    assert exchange.apply(near) == [accepted(near, 5)]


def test_without_last_and_reference_price_there_is_no_band() -> None:
    exchange, bid = exchange_with_band("10", last_price=None), buy(price="99.99")

    assert exchange.apply(bid) == [accepted(bid, 5)]


def exchange_with_asks_beyond_the_band() -> Exchange:
    """Make an exchange with a band of 10% around 100.00 and asks at 105.00 and 111.00; the next is the seventh."""
    exchange = Exchange()
    exchange.apply_all(sell(quantity="1"), buy(quantity="1"), sell(quantity="4", price="105.00"), sell(price="111.00"))
    exchange.apply(instrument(band="10"))
    return exchange


def test_market_order_stops_at_the_band() -> None:
    exchange, market, ask = exchange_with_asks_beyond_the_band(), buy(price=None), sell(quantity="4", price="105.00")

    events = exchange.apply(market)

    assert events == [
        accepted(market, 7),
        trade("7-1", "4@105.00", maker=standing(ask, 4, fills="4@105.00"), taker=standing(market, 7, fills="4@105.00")),
        canceled(market, 7, "6", Reason.PRICE_BAND, fills="4@105.00"),
    ]


def test_band_is_the_one_from_before_the_step() -> None:
    exchange, market = exchange_with_asks_beyond_the_band(), buy(price=None)

    exchange.apply(market)
    again = exchange.apply(market)

    assert [event.__struct_config__.tag for event in again] == ["accepted", "trade"]


def test_market_order_that_empties_the_side_has_found_no_liquidity() -> None:
    exchange, market = exchange_with_band("10"), buy(price=None)

    assert exchange.apply(market) == [accepted(market, 5), canceled(market, 5, "10", Reason.NO_LIQUIDITY)]


def test_fok_market_order_counts_only_what_is_inside() -> None:
    exchange, fok = exchange_with_asks_beyond_the_band(), buy(price=None, quantity="5", time_in_force="FOK")

    assert exchange.apply(fok) == [accepted(fok, 7), canceled(fok, 7, "5", Reason.FOK_UNFILLED)]


def test_triggered_stop_stops_at_the_band() -> None:
    exchange, stop = exchange_with_asks_beyond_the_band(), buy(stop="100.00", quantity="5")

    events = exchange.apply(stop)

    assert events[-1] == canceled(stop, 7, "1", Reason.PRICE_BAND, triggered=True, fills="4@105.00")


def test_stop_limit_is_looked_at_when_it_triggers() -> None:
    exchange, stop = exchange_with_band("10"), buy(stop="105.00", price="120.00")
    exchange.apply_all(stop, sell(price="105.00"))

    events = exchange.apply(buy(price="105.00", quantity="1"))

    assert events[2:] == [triggered(stop, 5), canceled(stop, 5, "10", Reason.PRICE_OUT_OF_BAND, triggered=True)]


def test_stop_limit_that_the_last_price_brought_into_the_band_rests() -> None:
    exchange, stop = exchange_with_band("10"), buy(stop="109.00", price="115.00")
    exchange.apply_all(stop, sell(price="109.00", quantity="1"))

    events = exchange.apply(buy(price="109.00", quantity="1"))

    assert events[2:] == [triggered(stop, 5)]
    assert exchange.depth() == (["10@115.00 x1"], [])
