"""Amends of stops and icebergs, of terms that an order does not have, and in every session."""

import pytest

from order_engine.matching.events import AmendRejected
from order_engine.matching.reason import Reason
from tests.builders import (
    Exchange,
    amend,
    amended,
    buy,
    canceled,
    instrument,
    limits,
    sell,
    session,
    standing,
    trade,
    triggered,
)


def exchange_with(*commands: object) -> Exchange:
    """Make an exchange that traded at 100.00 and then took these commands, from sequence 4 on."""
    exchange = Exchange()
    exchange.apply_all(sell(quantity="1"), buy(quantity="1"), *commands)
    return exchange


def test_waiting_stop_takes_new_terms() -> None:
    stop = buy(stop="105.00", price="106.00", order_id="s")

    events = exchange_with(stop).apply(amend("s", stop="107.00", price="108.00", quantity="12"))

    assert events == [amended(stop, 4, stop="107.00", price="108.00", quantity="12")]


def test_stop_amended_to_be_through_triggers_at_once() -> None:
    stop = buy(stop="105.00", price="99.00", order_id="s")

    events = exchange_with(stop).apply(amend("s", stop="100.00"))

    assert events == [amended(stop, 4, stop="100.00"), triggered(stop, 4)]


def test_stop_amended_away_does_not_trigger_at_its_old_price() -> None:
    exchange = exchange_with(buy(stop="105.00", order_id="s"), amend("s", stop="110.00"), sell(price="105.00"))

    events = exchange.apply(buy(price="105.00"))

    assert [event.__struct_config__.tag for event in events] == ["accepted", "trade"]


def test_amended_stop_keeps_its_place_among_those_that_trigger_together() -> None:
    first, second = buy(stop="105.00", price="50.00", order_id="s"), buy(stop="101.00", price="50.00")
    exchange = exchange_with(first, second, amend("s", stop="101.00", quantity="20"), sell(price="101.00"))

    events = exchange.apply(buy(price="101.00", quantity="1"))

    assert events[2:] == [triggered(first, 4, quantity="20"), triggered(second, 5)]


def test_stop_amended_to_nothing_is_canceled() -> None:
    stop = buy(stop="105.00", order_id="s")

    events = exchange_with(stop).apply(amend("s", quantity="0"))

    assert events == [canceled(stop, 4, "10", Reason.USER_REQUESTED)]


def test_triggered_stop_limit_has_a_price_but_no_stop_any_more() -> None:
    stop = buy(stop="100.00", price="99.00", order_id="s")
    exchange = exchange_with(stop)

    events = exchange.apply_all(amend("s", stop="101.00"), amend("s", price="98.00"))

    assert events == [
        [AmendRejected("s", "AAPL", Reason.INVALID_INSTRUCTION)],
        [amended(stop, 4, price="98.00", triggered=True)],
    ]


@pytest.mark.parametrize(
    ("order", "terms"),
    [
        (buy(price="50.00", order_id="x"), {"stop": "60.00"}),
        (buy(price="50.00", order_id="x"), {"trail": "1.00"}),
        (buy(price="50.00", order_id="x"), {"display": "1"}),
        (buy(stop="105.00", order_id="x"), {"price": "105.00"}),
        (buy(stop="105.00", order_id="x"), {"trail": "1.00"}),
        (buy(trail="5.00", order_id="x"), {"stop": "105.00"}),
        (buy(trail="5.00", order_id="x"), {"price": "105.00"}),
        (buy(trail="5.00", order_id="x"), {"price": "105.005", "quantity": "0.5"}),
    ],
)
def test_amend_of_what_the_order_does_not_have_is_refused(order: object, terms: dict[str, str]) -> None:
    exchange = exchange_with(order)
    before = exchange.engine.live.by_key["x"].state()

    events = exchange.apply(amend("x", **terms))

    assert events == [AmendRejected("x", "AAPL", Reason.INVALID_INSTRUCTION)]
    assert exchange.engine.live.by_key["x"].state() == before


@pytest.mark.parametrize(
    ("terms", "reason"), [({"stop": "105.005"}, Reason.TICK_SIZE), ({"quantity": "1.5"}, Reason.LOT_SIZE)]
)
def test_stop_off_the_tick_or_lot_is_refused(terms: dict[str, str], reason: Reason) -> None:
    exchange = exchange_with(buy(stop="105.00", order_id="s"))

    assert exchange.apply(amend("s", **terms)) == [AmendRejected("s", "AAPL", reason)]


@pytest.mark.parametrize(("state", "reason"), [("HALTED", Reason.INSTRUMENT_HALTED), ("CLOSED", Reason.MARKET_CLOSED)])
def test_amend_to_zero_is_no_cancel_to_the_session(state: str, reason: Reason) -> None:
    exchange = exchange_with(buy(price="50.00", order_id="b"), session(state))

    assert exchange.apply(amend("b", quantity="0")) == [AmendRejected("b", "AAPL", reason)]
    assert exchange.depth() == (["10@50.00 x1"], [])


def test_amend_to_cross_rests_in_a_call() -> None:
    bid = buy(price="50.00", order_id="b", post_only=True)
    exchange = exchange_with(bid, sell(price="60.00"), session("PRE_OPEN"))

    assert exchange.apply(amend("b", price="70.00")) == [amended(bid, 4, price="70.00")]
    assert exchange.depth() == (["10@70.00 x1"], ["10@60.00 x1"])


def test_amended_trade_triggers_stops() -> None:
    bid, ask, stop = buy(price="50.00", order_id="b"), sell(price="105.00"), buy(stop="105.00", price="20.00")
    exchange = exchange_with(bid, ask, stop)

    events = exchange.apply(amend("b", price="105.00"))

    assert events == [
        amended(bid, 4, price="105.00"),
        trade(
            "7-1",
            "10@105.00",
            maker=standing(ask, 5, fills="10@105.00"),
            taker=standing(bid, 4, price="105.00", fills="10@105.00"),
        ),
        triggered(stop, 6),
    ]


def test_amend_of_the_price_out_of_the_band_is_refused_and_one_that_keeps_it_is_not() -> None:
    bid = buy(price="50.00", order_id="b")
    exchange = exchange_with(bid, instrument(band="10"))

    events = exchange.apply_all(
        amend("b", price="89.99"), amend("b", price="50.00", quantity="5"), amend("b", price="90.00")
    )

    assert events == [
        [AmendRejected("b", "AAPL", Reason.PRICE_OUT_OF_BAND)],
        [amended(bid, 4, quantity="5")],
        [amended(bid, 4, quantity="5", price="90.00")],
    ]


def test_amend_that_changes_nothing_is_accepted_whatever_the_limits_are_now() -> None:
    bid = buy(price="50.00", order_id="b", user_id="ann")
    exchange = exchange_with(bid, limits(quantity="5"))

    events = exchange.apply_all(amend("b", price="50.00", quantity="10"), amend("b", price="50.00", quantity="9"))

    assert events == [[amended(bid, 4)], [AmendRejected("b", "AAPL", Reason.RISK_MAX_ORDER_QUANTITY, "ann")]]
