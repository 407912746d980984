"""Stops: when they trigger, in what order, and what they become."""

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
    rejected,
    sell,
    session,
    standing,
    trade,
    triggered,
)


def exchange_that_traded(price: str) -> Exchange:
    """Make an exchange whose last trade price is this one, after three commands."""
    exchange = Exchange()
    exchange.apply_all(sell(quantity="1", price=price), buy(quantity="1", price=price))
    return exchange


def kinds_of(events: list[Event]) -> list[str]:
    """Return the kinds of events."""
    return [event.__struct_config__.tag for event in events]


def test_stop_waits_unseen() -> None:
    exchange, stop = exchange_that_traded("100.00"), buy(stop="105.00")

    events = exchange.apply(stop)

    assert events == [accepted(stop, 4)]
    assert exchange.depth() == ([], [])


@pytest.mark.parametrize(
    ("stop", "price"), [(buy(stop="105.00"), "105.00"), (sell(stop="95.00"), "95.00"), (buy(stop="105.00"), "106.00")]
)
def test_stop_triggers_at_its_price_and_becomes_a_market_order(stop: object, price: str) -> None:
    exchange, maker, taker = exchange_that_traded("100.00"), sell(price=price), buy(price=price, quantity="4")
    exchange.apply_all(stop, maker)

    events = exchange.apply(taker)

    bought = standing(taker, 6, fills=f"4@{price}")
    assert events[:2] == [
        accepted(taker, 6),
        trade("6-1", f"4@{price}", maker=standing(maker, 5, fills=f"4@{price}"), taker=bought),
    ]
    assert events[2] == triggered(stop, 4)


@pytest.mark.parametrize(("stop", "price"), [(buy(stop="105.00"), "104.99"), (sell(stop="95.00"), "95.01")])
def test_stop_a_tick_away_waits_on(stop: object, price: str) -> None:
    exchange = exchange_that_traded("100.00")
    exchange.apply_all(stop, sell(price=price))

    events = exchange.apply(buy(price=price, quantity="4"))

    assert kinds_of(events) == ["accepted", "trade"]


def test_stop_that_is_through_already_triggers_on_entry() -> None:
    exchange, ask, stop = exchange_that_traded("100.00"), sell(price="101.00"), buy(stop="99.00", quantity="4")
    exchange.apply(ask)

    events = exchange.apply(stop)

    fills = "4@101.00"
    assert events == [
        accepted(stop, 5),
        triggered(stop, 5),
        trade("5-1", fills, maker=standing(ask, 4, fills=fills), taker=standing(stop, 5, triggered=True, fills=fills)),
    ]


def test_stop_before_any_trade_waits() -> None:
    exchange, stop = Exchange(), sell(stop="500.00")
    exchange.apply(buy())

    assert exchange.apply(stop) == [accepted(stop, 3)]


def test_triggered_market_order_that_finds_nobody_is_canceled() -> None:
    exchange, stop = exchange_that_traded("100.00"), buy(stop="100.00", time_in_force="DAY")

    events = exchange.apply(stop)

    assert events == [
        accepted(stop, 4),
        triggered(stop, 4),
        canceled(stop, 4, "10", Reason.NO_LIQUIDITY, triggered=True),
    ]


def test_triggered_stop_limit_rests_at_its_price() -> None:
    exchange, stop = exchange_that_traded("100.00"), buy(stop="100.00", price="99.00")

    events = exchange.apply(stop)

    assert events == [accepted(stop, 4), triggered(stop, 4)]
    assert exchange.depth() == (["10@99.00 x1"], [])


@pytest.mark.parametrize(("time_in_force", "reason"), [("IOC", Reason.IOC_REMAINDER), ("FOK", Reason.FOK_UNFILLED)])
def test_triggered_stop_limit_keeps_its_time_in_force(time_in_force: str, reason: Reason) -> None:
    exchange = exchange_that_traded("100.00")
    stop = buy(stop="100.00", price="99.00", time_in_force=time_in_force)

    events = exchange.apply(stop)

    assert events == [accepted(stop, 4), triggered(stop, 4), canceled(stop, 4, "10", reason, triggered=True)]


def test_stops_that_trigger_together_are_activated_in_order_of_sequence() -> None:
    exchange = exchange_that_traded("100.00")
    selling = sell(stop="110.00", price="300.00", quantity="4")
    limited, market = buy(stop="105.00", price="1.00"), buy(stop="101.00")
    seller, buyer = sell(quantity="1", price="106.00"), buy(quantity="1", price="106.00")
    exchange.apply_all(session("PRE_OPEN"), selling, limited, market, seller, buyer)

    events = exchange.apply(session("OPEN"))

    sold, bought = (standing(order, sequence, fills="1@106.00") for order, sequence in ((seller, 8), (buyer, 9)))
    assert events == [
        entered("OPEN"),
        auction_trade("10-1", "1@106.00", buyer=bought, seller=sold),
        triggered(selling, 5),
        triggered(limited, 6),
        triggered(market, 7),
        trade(
            "10-2",
            "4@300.00",
            maker=standing(selling, 5, triggered=True, fills="4@300.00"),
            taker=standing(market, 7, triggered=True, fills="4@300.00"),
        ),
        canceled(market, 7, "6", Reason.NO_LIQUIDITY, triggered=True, fills="4@300.00"),
    ]


def test_newly_triggered_stops_join_the_end_of_the_queue() -> None:
    exchange = exchange_that_traded("100.00")
    old = buy(stop="103.00", price="1.00")
    first, second = buy(stop="101.00", quantity="1"), buy(stop="101.00", quantity="1")
    asks = [sell(quantity="1", price=price) for price in ("101.00", "103.00", "104.00")]
    exchange.apply_all(old, first, second, *asks)
    taker = buy(quantity="1", price="101.00")

    events = exchange.apply(taker)

    filled = [
        standing(ask, sequence, fills=f"1@{price}")
        for ask, sequence, price in zip(asks, (7, 8, 9), ("101.00", "103.00", "104.00"), strict=True)
    ]
    assert events == [
        accepted(taker, 10),
        trade("10-1", "1@101.00", maker=filled[0], taker=standing(taker, 10, fills="1@101.00")),
        triggered(first, 5),
        trade("10-2", "1@103.00", maker=filled[1], taker=standing(first, 5, triggered=True, fills="1@103.00")),
        triggered(second, 6),
        trade("10-3", "1@104.00", maker=filled[2], taker=standing(second, 6, triggered=True, fills="1@104.00")),
        triggered(old, 4),
    ]


def test_triggered_order_is_matched_completely_before_the_next_is_activated() -> None:
    exchange = exchange_that_traded("100.00")
    first, second = buy(stop="100.00", quantity="5"), buy(stop="100.00", quantity="5")
    near, far = sell(quantity="3", price="101.00"), sell(price="102.00")
    exchange.apply_all(session("PRE_OPEN"), first, second, near, far)

    events = exchange.apply(session("OPEN"))

    one, other = "3@101.00 2@102.00", "2@102.00 5@102.00"
    assert events == [
        entered("OPEN"),
        triggered(first, 5),
        trade(
            "9-1",
            "3@101.00",
            maker=standing(near, 7, fills="3@101.00"),
            taker=standing(first, 5, triggered=True, fills="3@101.00"),
        ),
        trade(
            "9-2",
            "2@102.00",
            maker=standing(far, 8, fills="2@102.00"),
            taker=standing(first, 5, triggered=True, fills=one),
        ),
        triggered(second, 6),
        trade(
            "9-3",
            "5@102.00",
            maker=standing(far, 8, fills=other),
            taker=standing(second, 6, triggered=True, fills="5@102.00"),
        ),
    ]


def test_stop_that_triggered_is_activated_though_the_price_left_it() -> None:
    exchange = exchange_that_traded("100.00")
    first, second = sell(stop="101.00", quantity="1"), buy(stop="99.00", price="40.00", quantity="1")
    bid = buy(quantity="1", price="50.00")
    exchange.apply_all(session("PRE_OPEN"), first, second, bid)

    events = exchange.apply(session("OPEN"))

    assert events == [
        entered("OPEN"),
        triggered(first, 5),
        trade(
            "8-1",
            "1@50.00",
            maker=standing(bid, 7, fills="1@50.00"),
            taker=standing(first, 5, triggered=True, fills="1@50.00"),
        ),
        triggered(second, 6),
    ]


@pytest.mark.parametrize("state", ["PRE_OPEN", "HALTED", "CLOSED"])
def test_stop_triggers_in_open_only(state: str) -> None:
    exchange, stop = exchange_that_traded("100.00"), buy(stop="100.00", price="90.00")

    events = exchange.apply_all(session("PRE_OPEN"), stop, session(state), session("OPEN"))

    assert events[1] == [accepted(stop, 5)]
    assert kinds_of(events[2]) == ["state"]
    assert events[3][1:] == [triggered(stop, 5)]


def test_stop_off_the_tick_is_refused() -> None:
    exchange, stop = Exchange(), buy(stop="100.005")

    assert exchange.apply(stop) == [rejected(stop, 2, Reason.TICK_SIZE)]
