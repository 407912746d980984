"""The circuit breaker: a price too far from its reference halts the instrument."""

import pytest

from order_engine.matching.events import Event
from order_engine.matching.reason import Reason
from tests.builders import (
    Exchange,
    accepted,
    auction_trade,
    buy,
    canceled,
    entered,
    instrument,
    rejected,
    sell,
    session,
    standing,
    trade,
    triggered,
)

HALTED = entered("HALTED", reason=Reason.CIRCUIT_BREAKER)


def exchange_with_breaker(percent: str) -> Exchange:
    """Make an exchange whose reference is 100.00 and whose next command is the fifth."""
    exchange = Exchange()
    exchange.apply_all(instrument(breaker=percent), sell(quantity="1"), buy(quantity="1"))
    return exchange


def trade_at(exchange: Exchange, price: str) -> list[Event]:
    exchange.apply(sell(quantity="1", price=price))
    return exchange.apply(buy(quantity="1", price=price))


@pytest.mark.parametrize("price", ["94.99", "105.01"])
def test_trade_beyond_the_deviation_stands_and_halts(price: str) -> None:
    exchange, ask, bid = exchange_with_breaker("5"), sell(price=price, quantity="4"), buy(price=price)
    exchange.apply(ask)

    events = exchange.apply(bid)

    fills = f"4@{price}"
    assert events == [
        accepted(bid, 6),
        trade("6-1", fills, maker=standing(ask, 5, fills=fills), taker=standing(bid, 6, fills=fills)),
        HALTED,
    ]
    assert exchange.depth() == ([f"6@{price} x1"], [])


@pytest.mark.parametrize("price", ["95.00", "105.00"])
def test_trade_on_the_edge_does_not_halt(price: str) -> None:
    assert HALTED not in trade_at(exchange_with_breaker("5"), price)


def test_step_that_comes_back_before_its_end_does_not_halt() -> None:
    exchange = exchange_with_breaker("5")
    exchange.apply_all(buy(price="110.00", quantity="1"), buy(price="104.00", quantity="1"))

    events = exchange.apply(sell(price="104.00", quantity="2"))

    assert [event.__struct_config__.tag for event in events] == ["accepted", "trade", "trade"]


def test_reference_stays_while_the_price_walks_away() -> None:
    exchange = exchange_with_breaker("5")

    tripped = [HALTED in trade_at(exchange, price) for price in ("103.00", "105.00", "107.00")]

    assert tripped == [False, False, True]


def test_halted_instrument_takes_no_orders() -> None:
    exchange, bid = exchange_with_breaker("5"), buy()
    trade_at(exchange, "110.00")

    assert exchange.apply(bid) == [rejected(bid, 7, Reason.INSTRUMENT_HALTED)]


def test_stops_do_not_trigger_when_the_breaker_halts() -> None:
    exchange = exchange_with_breaker("5")
    exchange.apply(buy(stop="101.00"))

    assert trade_at(exchange, "110.00")[-1] == HALTED


def test_stops_that_had_triggered_wait_on_and_trigger_at_the_opening() -> None:
    exchange, first, second = exchange_with_breaker("5"), buy(stop="101.00", quantity="1"), buy(stop="101.00")
    far = sell(price="120.00", quantity="1")
    exchange.apply_all(first, second, far)

    halting = trade_at(exchange, "101.00")
    opening = exchange.apply(session("OPEN"))

    assert halting[2:] == [
        triggered(first, 5),
        trade(
            "9-2",
            "1@120.00",
            maker=standing(far, 7, fills="1@120.00"),
            taker=standing(first, 5, triggered=True, fills="1@120.00"),
        ),
        HALTED,
    ]
    assert opening == [
        entered("OPEN"),
        triggered(second, 6),
        canceled(second, 6, "10", Reason.NO_LIQUIDITY, triggered=True),
    ]


def test_breaker_set_when_the_price_is_far_already_waits_for_the_next_trade() -> None:
    exchange, bid = exchange_with_breaker("50"), buy(price="50.00")
    trade_at(exchange, "110.00")
    exchange.apply_all(instrument(breaker="5"), buy(stop="500.00"))

    events = exchange.apply(bid)

    assert events == [accepted(bid, 9)]
    assert trade_at(exchange, "111.00")[-1] == HALTED


def test_opening_again_begins_with_a_new_reference() -> None:
    exchange = exchange_with_breaker("5")
    trade_at(exchange, "110.00")
    exchange.apply(session("OPEN"))

    tripped = [HALTED in trade_at(exchange, price) for price in ("112.00", "115.00", "106.00")]

    assert tripped == [False, False, True]


def test_opening_an_open_session_keeps_the_reference() -> None:
    exchange = exchange_with_breaker("5")
    exchange.apply(session("OPEN"))

    assert HALTED in trade_at(exchange, "106.00")


def test_auction_price_is_a_reference_and_never_trips() -> None:
    exchange, ask, bid = exchange_with_breaker("5"), sell(price="200.00"), buy(price="200.00")
    exchange.apply_all(session("PRE_OPEN"), ask, bid)

    events = exchange.apply(session("OPEN"))

    fills = "10@200.00"
    assert events == [
        entered("OPEN"),
        auction_trade("8-1", fills, buyer=standing(bid, 7, fills=fills), seller=standing(ask, 6, fills=fills)),
    ]
    assert HALTED in trade_at(exchange, "189.00")
