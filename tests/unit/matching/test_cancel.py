"""Cancels remove the remainder, fills stand; a mass cancel goes in order of sequence."""

import pytest

from order_engine.matching.commands import CancelOrder, Side
from order_engine.matching.events import CancelRejected
from order_engine.matching.reason import Reason
from tests.builders import Exchange, amend, buy, cancel, cancel_all, canceled, sell


def test_cancel_removes_the_remainder_and_fills_stand() -> None:
    exchange, bid = Exchange(), buy(order_id="b")
    exchange.apply_all(bid, sell(quantity="4"))

    events = exchange.apply(cancel("b"))

    assert events == [canceled(bid, 2, "6", Reason.USER_REQUESTED, fills="4@100.00")]
    assert exchange.depth() == ([], [])


def test_order_whose_connection_is_lost_ends_for_that_reason() -> None:
    exchange, bid = Exchange(), buy(order_id="b")
    exchange.apply_all(bid)

    events = exchange.apply(CancelOrder(order_id="b", on_disconnect=True))

    assert events == [canceled(bid, 2, "10", Reason.DISCONNECT)]
    assert exchange.depth() == ([], [])


def test_cancel_from_the_middle_of_a_queue_leaves_the_others() -> None:
    exchange, orders = Exchange(), [buy(order_id=name) for name in ("a", "b", "c")]
    exchange.apply_all(*orders)

    events = exchange.apply(cancel("b"))

    assert events == [canceled(orders[1], 3, "10", Reason.USER_REQUESTED)]
    assert exchange.depth() == (["20@100.00 x2"], [])


@pytest.mark.parametrize("order_id", ["nobody's", "filled", "canceled", "ioc"])
def test_cancel_of_an_unknown_or_final_order_is_refused(order_id: str) -> None:
    exchange = Exchange()
    exchange.apply_all(buy(order_id="filled"), sell(), buy(order_id="canceled"), cancel("canceled"))
    exchange.apply_all(buy(order_id="ioc", time_in_force="IOC"), buy(order_id="left", price="99.00"))

    events = exchange.apply(cancel(order_id))

    assert events == [CancelRejected(order_id, None, Reason.UNKNOWN_ORDER)]
    assert exchange.depth() == (["10@99.00 x1"], [])


def test_cancel_with_the_wrong_symbol_is_refused() -> None:
    exchange = Exchange()
    exchange.apply(buy(order_id="b"))

    events = exchange.apply(cancel("b", symbol="MSFT"))

    assert events == [CancelRejected("b", "MSFT", Reason.UNKNOWN_ORDER)]


def test_cancel_finds_the_order_by_its_clients_id() -> None:
    exchange, bid = Exchange(), buy(user_id="ann", client_order_id="mine")
    exchange.apply(bid)

    events = exchange.apply_all(
        cancel(user_id="bob", client_order_id="mine"), cancel(user_id="ann", client_order_id="mine")
    )

    assert events == [
        [CancelRejected(None, None, Reason.UNKNOWN_ORDER)],
        [canceled(bid, 2, "10", Reason.USER_REQUESTED)],
    ]


@pytest.mark.parametrize("order_id", ["02", "+2", " 2", "2.0", "\N{ARABIC-INDIC DIGIT TWO}", "", "2" * 5_000])
def test_unnamed_order_is_named_by_its_sequence_only_as_it_is_written(order_id: str) -> None:
    exchange = Exchange()
    exchange.apply(buy())

    events = exchange.apply(cancel(order_id))

    assert events == [CancelRejected(order_id, None, Reason.UNKNOWN_ORDER)]


def test_mass_cancel_goes_in_order_of_sequence_whatever_was_amended() -> None:
    exchange = Exchange()
    first, second, third = buy(user_id="ann"), sell(user_id="ann", price="101.00"), buy(user_id="ann", symbol="MSFT")
    others = buy(user_id="bob")
    exchange.apply_all(first, second, others, third, amend("2", price="99.00"))

    events = exchange.apply(cancel_all("ann"))

    assert events == [
        canceled(first, 2, "10", Reason.USER_REQUESTED, price="99.00"),
        canceled(second, 3, "10", Reason.USER_REQUESTED),
        canceled(third, 5, "10", Reason.USER_REQUESTED),
    ]
    assert exchange.depth() == (["10@100.00 x1"], [])


def test_mass_cancel_keeps_to_its_symbol_and_side() -> None:
    exchange = Exchange()
    bid, ask = buy(user_id="ann"), sell(user_id="ann", price="101.00")
    exchange.apply_all(bid, ask, sell(user_id="ann", symbol="MSFT"))

    events = exchange.apply(cancel_all("ann", symbol="AAPL", side=Side.SELL))

    assert events == [canceled(ask, 3, "10", Reason.USER_REQUESTED)]
    assert exchange.depth() == (["10@100.00 x1"], [])


def test_mass_cancel_of_a_user_without_orders_does_nothing() -> None:
    exchange = Exchange()
    exchange.apply(buy())

    assert exchange.apply(cancel_all("ann")) == []


def test_mass_cancel_takes_resting_and_waiting_orders_in_order_of_sequence() -> None:
    exchange, stop, bid = Exchange(), sell(stop="50.00", user_id="ann"), buy(user_id="ann", display="1")
    trailing = buy(trail="5.00", user_id="ann", symbol="MSFT")
    exchange.apply_all(stop, bid, trailing, buy(stop="200.00", user_id="bob"))

    events = exchange.apply(cancel_all("ann"))

    assert events == [
        canceled(stop, 2, "10", Reason.USER_REQUESTED),
        canceled(bid, 3, "10", Reason.USER_REQUESTED),
        canceled(trailing, 4, "10", Reason.USER_REQUESTED),
    ]


def test_canceled_stop_never_triggers() -> None:
    exchange = Exchange()
    exchange.apply_all(buy(stop="100.00", order_id="s"), cancel("s"), sell(quantity="1"))

    events = exchange.apply(buy(quantity="1"))

    assert [event.__struct_config__.tag for event in events] == ["accepted", "trade"]
