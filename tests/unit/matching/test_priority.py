"""Better price first, then earlier time; a trade is at the maker's price; no order trades through its limit."""

from order_engine.matching.reason import Reason
from tests.builders import Exchange, accepted, buy, canceled, sell, standing, trade


def test_order_that_meets_nobody_rests() -> None:
    exchange, order = Exchange(), buy(order_id="b")

    events = exchange.apply(order)

    assert events == [accepted(order, 2)]
    assert exchange.depth() == (["10@100.00 x1"], [])


def test_crossing_order_trades_at_the_makers_price() -> None:
    exchange, ask, bid = Exchange(), sell(order_id="s", price="100.00"), buy(order_id="b", price="101.00")
    exchange.apply(ask)

    events = exchange.apply(bid)

    assert events == [
        accepted(bid, 3),
        trade(
            "3-1",
            "10@100.00",
            maker=standing(ask, 2, fills="10@100.00"),
            taker=standing(bid, 3, fills="10@100.00"),
        ),
    ]
    assert exchange.depth() == ([], [])


def test_incoming_sell_order_trades_at_the_bids_price() -> None:
    exchange, bid, ask = Exchange(), buy(order_id="b", price="101.00"), sell(order_id="s", price="100.00")
    exchange.apply(bid)

    events = exchange.apply(ask)

    assert events == [
        accepted(ask, 3),
        trade(
            "3-1",
            "10@101.00",
            maker=standing(bid, 2, fills="10@101.00"),
            taker=standing(ask, 3, fills="10@101.00"),
        ),
    ]


def test_better_prices_trade_first_whenever_they_came() -> None:
    exchange = Exchange()
    dear, cheap, fair = (sell(order_id=price, price=price) for price in ("102.00", "100.00", "101.00"))
    taker = buy(order_id="t", price="102.00", quantity="30")
    exchange.apply_all(dear, cheap, fair)

    events = exchange.apply(taker)

    assert events == [
        accepted(taker, 5),
        trade(
            "5-1",
            "10@100.00",
            maker=standing(cheap, 3, fills="10@100.00"),
            taker=standing(taker, 5, fills="10@100.00"),
        ),
        trade(
            "5-2",
            "10@101.00",
            maker=standing(fair, 4, fills="10@101.00"),
            taker=standing(taker, 5, fills="10@100.00 10@101.00"),
        ),
        trade(
            "5-3",
            "10@102.00",
            maker=standing(dear, 2, fills="10@102.00"),
            taker=standing(taker, 5, fills="10@100.00 10@101.00 10@102.00"),
        ),
    ]


def test_earlier_order_trades_first_at_one_price() -> None:
    exchange, early, late = Exchange(), buy(order_id="early"), buy(order_id="late")
    taker = sell(order_id="t", quantity="15")
    exchange.apply_all(early, late)

    events = exchange.apply(taker)

    assert events == [
        accepted(taker, 4),
        trade(
            "4-1",
            "10@100.00",
            maker=standing(early, 2, fills="10@100.00"),
            taker=standing(taker, 4, fills="10@100.00"),
        ),
        trade(
            "4-2",
            "5@100.00",
            maker=standing(late, 3, fills="5@100.00"),
            taker=standing(taker, 4, fills="10@100.00 5@100.00"),
        ),
    ]
    assert exchange.depth() == (["5@100.00 x1"], [])


def test_partial_fill_keeps_time_priority() -> None:
    exchange, early, late = Exchange(), buy(order_id="early"), buy(order_id="late")
    first, second = sell(order_id="t1", quantity="4"), sell(order_id="t2", quantity="4")
    exchange.apply_all(early, late, first)

    events = exchange.apply(second)

    assert events == [
        accepted(second, 5),
        trade(
            "5-1",
            "4@100.00",
            maker=standing(early, 2, fills="4@100.00 4@100.00"),
            taker=standing(second, 5, fills="4@100.00"),
        ),
    ]


def test_remainder_of_a_taker_rests_at_its_limit() -> None:
    exchange, ask, bid = Exchange(), sell(quantity="4"), buy(price="101.00")
    exchange.apply(ask)

    events = exchange.apply(bid)

    assert events == [
        accepted(bid, 3),
        trade("3-1", "4@100.00", maker=standing(ask, 2, fills="4@100.00"), taker=standing(bid, 3, fills="4@100.00")),
    ]
    assert exchange.depth() == (["6@101.00 x1"], [])


def test_order_never_trades_through_its_own_limit() -> None:
    exchange, bid = Exchange(), buy(order_id="b", price="100.99")
    exchange.apply(sell(order_id="s", price="101.00"))

    events = exchange.apply(bid)

    assert events == [accepted(bid, 3)]
    assert exchange.depth() == (["10@100.99 x1"], ["10@101.00 x1"])


def test_symbols_never_meet() -> None:
    exchange, other = Exchange(), buy(order_id="b", symbol="MSFT", price="200.00", time_in_force="IOC")
    exchange.apply_all(sell(order_id="s"), buy(symbol="MSFT", price="1.00"))

    events = exchange.apply(other)

    assert events == [accepted(other, 4), canceled(other, 4, "10", Reason.IOC_REMAINDER)]


def test_orders_of_one_user_trade_with_each_other() -> None:
    exchange, ask, bid = Exchange(), sell(user_id="ann"), buy(user_id="ann")
    exchange.apply(ask)

    events = exchange.apply(bid)

    assert events == [
        accepted(bid, 3),
        trade("3-1", "10@100.00", maker=standing(ask, 2, fills="10@100.00"), taker=standing(bid, 3, fills="10@100.00")),
    ]
