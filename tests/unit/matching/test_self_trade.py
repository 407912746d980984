"""Self-trade prevention: the incoming order's mode decides what happens to two orders of one user."""

import pytest

from order_engine.matching.commands import Configure, SelfTradePrevention
from order_engine.matching.events import OrderStatus
from order_engine.matching.reason import Reason
from tests.builders import (
    Exchange,
    accepted,
    auction_trade,
    buy,
    canceled,
    decremented,
    entered,
    instrument,
    sell,
    session,
    standing,
    trade,
    triggered,
)


def test_cancel_newest_ends_the_incoming_order_after_its_trades() -> None:
    exchange, others, own = Exchange(), sell(quantity="4", user_id="bob"), sell(user_id="ann")
    taker = buy(user_id="ann", prevention="CANCEL_NEWEST")
    exchange.apply_all(others, own)

    events = exchange.apply(taker)

    assert events == [
        accepted(taker, 4),
        trade(
            "4-1", "4@100.00", maker=standing(others, 2, fills="4@100.00"), taker=standing(taker, 4, fills="4@100.00")
        ),
        canceled(taker, 4, "6", Reason.SELF_TRADE, fills="4@100.00"),
    ]
    assert exchange.depth() == ([], ["10@100.00 x1"])


def test_cancel_oldest_ends_the_resting_order_and_matches_on() -> None:
    exchange, own, others = Exchange(), sell(user_id="ann"), sell(quantity="4", user_id="bob")
    taker = buy(user_id="ann", prevention="CANCEL_OLDEST")
    exchange.apply_all(own, others)

    events = exchange.apply(taker)

    assert events == [
        accepted(taker, 4),
        canceled(own, 2, "10", Reason.SELF_TRADE),
        trade(
            "4-1", "4@100.00", maker=standing(others, 3, fills="4@100.00"), taker=standing(taker, 4, fills="4@100.00")
        ),
    ]
    assert exchange.depth() == (["6@100.00 x1"], [])


def test_cancel_both_ends_the_resting_order_first() -> None:
    exchange, own, taker = Exchange(), sell(user_id="ann"), buy(user_id="ann", prevention="CANCEL_BOTH")
    exchange.apply(own)

    events = exchange.apply(taker)

    assert events == [
        accepted(taker, 3),
        canceled(own, 2, "10", Reason.SELF_TRADE),
        canceled(taker, 3, "10", Reason.SELF_TRADE),
    ]
    assert exchange.depth() == ([], [])


def test_decrement_ends_the_smaller_resting_order_and_matches_on() -> None:
    exchange, own, others = Exchange(), sell(quantity="3", user_id="ann"), sell(quantity="4", user_id="bob")
    taker = buy(user_id="ann", prevention="DECREMENT")
    exchange.apply_all(own, others)

    events = exchange.apply(taker)

    assert events == [
        accepted(taker, 4),
        decremented(own, 2, "3", quantity="0", status=OrderStatus.OPEN),
        decremented(taker, 4, "3", quantity="7"),
        canceled(own, 2, "0", Reason.SELF_TRADE, quantity="0"),
        trade(
            "4-1",
            "4@100.00",
            maker=standing(others, 3, fills="4@100.00"),
            taker=standing(taker, 4, quantity="7", fills="4@100.00"),
        ),
    ]
    assert exchange.depth() == (["3@100.00 x1"], [])


def test_decrement_ends_the_smaller_incoming_order() -> None:
    exchange, own = Exchange(), sell(user_id="ann")
    taker = buy(quantity="4", user_id="ann", prevention="DECREMENT")
    exchange.apply(own)

    events = exchange.apply(taker)

    assert events == [
        accepted(taker, 3),
        decremented(own, 2, "4", quantity="6"),
        decremented(taker, 3, "4", quantity="0", status=OrderStatus.OPEN),
        canceled(taker, 3, "0", Reason.SELF_TRADE, quantity="0"),
    ]
    assert exchange.depth() == ([], ["6@100.00 x1"])


def test_decrement_of_equals_ends_both_resting_first() -> None:
    exchange, own, taker = Exchange(), sell(user_id="ann"), buy(user_id="ann", prevention="DECREMENT")
    exchange.apply(own)

    events = exchange.apply(taker)

    assert events == [
        accepted(taker, 3),
        decremented(own, 2, "10", quantity="0", status=OrderStatus.OPEN),
        decremented(taker, 3, "10", quantity="0", status=OrderStatus.OPEN),
        canceled(own, 2, "0", Reason.SELF_TRADE, quantity="0"),
        canceled(taker, 3, "0", Reason.SELF_TRADE, quantity="0"),
    ]


def test_decrement_after_a_fill_leaves_what_was_filled() -> None:
    exchange, others, own = Exchange(), sell(quantity="4", user_id="bob"), sell(user_id="ann")
    taker = buy(user_id="ann", prevention="DECREMENT")
    exchange.apply_all(others, own)

    events = exchange.apply(taker)

    filled = {"quantity": "4", "fills": "4@100.00"}
    assert events[2:] == [
        decremented(own, 3, "6", quantity="4"),
        decremented(taker, 4, "6", status=OrderStatus.PARTIALLY_FILLED, **filled),
        canceled(taker, 4, "0", Reason.SELF_TRADE, **filled),
    ]


def test_decrement_counts_an_icebergs_whole_remainder_hidden_first() -> None:
    exchange, own = Exchange(), sell(quantity="20", display="5", user_id="ann")
    taker = buy(quantity="12", user_id="ann", prevention="DECREMENT")
    exchange.apply_all(own, sell(quantity="1"))

    events = exchange.apply(taker)

    assert events == [
        accepted(taker, 4),
        decremented(own, 2, "12", quantity="8"),
        decremented(taker, 4, "12", quantity="0", status=OrderStatus.OPEN),
        canceled(taker, 4, "0", Reason.SELF_TRADE, quantity="0"),
    ]
    assert exchange.depth() == ([], ["6@100.00 x2"])


@pytest.mark.parametrize(
    ("maker", "taker"),
    [
        (sell(user_id="ann", prevention="CANCEL_BOTH"), buy(user_id="ann")),
        (sell(), buy(prevention="CANCEL_BOTH")),
        (sell(user_id="bob"), buy(user_id="ann", prevention="CANCEL_BOTH")),
    ],
    ids=["only the resting order has a mode", "orders are nobody's", "orders are two users'"],
)
def test_orders_trade(maker: object, taker: object) -> None:
    exchange = Exchange()
    exchange.apply(maker)

    events = exchange.apply(taker)

    assert events[1:] == [
        trade(
            "3-1", "10@100.00", maker=standing(maker, 2, fills="10@100.00"), taker=standing(taker, 3, fills="10@100.00")
        )
    ]


def test_instruments_mode_governs_where_the_order_names_none() -> None:
    exchange, own, taker = Exchange(), sell(user_id="ann"), buy(user_id="ann")
    exchange.apply_all(instrument(prevention="CANCEL_NEWEST"), own)

    assert exchange.apply(taker) == [accepted(taker, 4), canceled(taker, 4, "10", Reason.SELF_TRADE)]


def test_orders_mode_overrules_the_instruments() -> None:
    exchange, own, taker = Exchange(), sell(user_id="ann"), buy(user_id="ann", prevention="NONE")
    exchange.apply_all(instrument(prevention="CANCEL_NEWEST"), own)

    events = exchange.apply(taker)

    assert [event.__struct_config__.tag for event in events] == ["accepted", "trade"]


def test_configured_mode_governs_where_the_instrument_names_none() -> None:
    exchange, own, taker = Exchange(), sell(user_id="ann"), buy(user_id="ann")
    exchange.apply_all(Configure(self_trade_prevention=SelfTradePrevention.CANCEL_NEWEST), own)

    assert exchange.apply(taker) == [accepted(taker, 4), canceled(taker, 4, "10", Reason.SELF_TRADE)]


def test_triggered_stop_is_the_incoming_order() -> None:
    exchange, own = Exchange(), sell(user_id="ann", price="101.00")
    stop = buy(stop="100.00", user_id="ann", prevention="CANCEL_NEWEST")
    exchange.apply_all(sell(quantity="1"), buy(quantity="1"), own)

    events = exchange.apply(stop)

    assert events == [
        accepted(stop, 5),
        triggered(stop, 5),
        canceled(stop, 5, "10", Reason.SELF_TRADE, triggered=True),
    ]


@pytest.mark.parametrize("mode", ["CANCEL_NEWEST", "CANCEL_BOTH", "DECREMENT"])
def test_fok_order_that_meets_an_own_order_first_trades_nothing(mode: str) -> None:
    exchange, fok = Exchange(), buy(user_id="ann", prevention=mode, time_in_force="FOK")
    exchange.apply_all(sell(quantity="9"), sell(user_id="ann", quantity="1"), sell())

    assert exchange.apply(fok) == [accepted(fok, 5), canceled(fok, 5, "10", Reason.FOK_UNFILLED)]
    assert exchange.depth() == ([], ["20@100.00 x3"])


def test_fok_order_counts_no_slice_that_comes_behind_an_own_order() -> None:
    exchange, fok = Exchange(), buy(user_id="ann", prevention="CANCEL_NEWEST", time_in_force="FOK")
    exchange.apply_all(sell(quantity="20", display="9"), sell(user_id="ann", quantity="1"))

    assert exchange.apply(fok) == [accepted(fok, 4), canceled(fok, 4, "10", Reason.FOK_UNFILLED)]


def test_fok_order_filled_before_it_meets_an_own_order_trades() -> None:
    exchange, others = Exchange(), sell()
    fok = buy(user_id="ann", prevention="CANCEL_BOTH", time_in_force="FOK")
    exchange.apply_all(others, sell(user_id="ann"))

    assert exchange.apply(fok)[1:] == [
        trade(
            "4-1", "10@100.00", maker=standing(others, 2, fills="10@100.00"), taker=standing(fok, 4, fills="10@100.00")
        )
    ]


def test_fok_order_that_cancels_the_oldest_passes_its_own_orders() -> None:
    exchange, own, others = Exchange(), sell(user_id="ann"), sell()
    fok = buy(user_id="ann", prevention="CANCEL_OLDEST", time_in_force="FOK")
    exchange.apply_all(own, others)

    assert exchange.apply(fok) == [
        accepted(fok, 4),
        canceled(own, 2, "10", Reason.SELF_TRADE),
        trade(
            "4-1", "10@100.00", maker=standing(others, 3, fills="10@100.00"), taker=standing(fok, 4, fills="10@100.00")
        ),
    ]


def test_unfillable_fok_order_cancels_nobody() -> None:
    exchange, fok = Exchange(), buy(user_id="ann", prevention="CANCEL_OLDEST", time_in_force="FOK")
    exchange.apply_all(sell(user_id="ann"), sell(quantity="9"))

    assert exchange.apply(fok) == [accepted(fok, 4), canceled(fok, 4, "10", Reason.FOK_UNFILLED)]
    assert exchange.depth() == ([], ["19@100.00 x2"])


def test_auction_lets_one_users_orders_trade() -> None:
    exchange, ask, bid = Exchange(), sell(user_id="ann"), buy(user_id="ann", prevention="CANCEL_BOTH")
    exchange.apply_all(session("PRE_OPEN"), ask, bid)

    assert exchange.apply(session("OPEN")) == [
        entered("OPEN"),
        auction_trade(
            "5-1", "10@100.00", buyer=standing(bid, 4, fills="10@100.00"), seller=standing(ask, 3, fills="10@100.00")
        ),
    ]
