"""DAY and GTD: when orders expire, in every state, before anything else happens."""

import pytest

from order_engine.matching.commands import ExpireDue
from order_engine.matching.events import CancelRejected
from order_engine.matching.reason import Reason
from tests.builders import (
    Exchange,
    accepted,
    buy,
    cancel,
    entered,
    expired,
    rejected,
    sell,
    session,
    standing,
    trade,
)


def test_gtd_order_is_due_at_its_time_and_not_before() -> None:
    exchange, bid = Exchange(), buy(expire_at=100)
    exchange.apply(bid)

    early, due = exchange.apply(ExpireDue(), time=99), exchange.apply(ExpireDue(), time=100)

    assert (early, due) == ([], [expired(bid, 2, "10")])
    assert exchange.depth() == ([], [])


def test_nothing_trades_late() -> None:
    exchange, bid, ask = Exchange(), buy(expire_at=3), sell()
    exchange.apply(bid)

    assert exchange.apply(ask) == [expired(bid, 2, "10"), accepted(ask, 3)]


def test_partly_filled_order_expires_with_its_fills() -> None:
    exchange, bid = Exchange(), buy(expire_at=10)
    exchange.apply_all(bid, sell(quantity="4"))

    assert exchange.apply(ExpireDue(), time=10) == [expired(bid, 2, "6", fills="4@100.00")]


def test_orders_due_together_expire_in_order_of_sequence() -> None:
    exchange, later, sooner = Exchange(), buy(expire_at=20, symbol="MSFT"), sell(expire_at=10, price="900.00")
    exchange.apply_all(later, sooner)

    assert exchange.apply(ExpireDue(), time=30) == [expired(later, 2, "10"), expired(sooner, 3, "10")]


@pytest.mark.parametrize("state", ["PRE_OPEN", "HALTED", "CLOSED"])
def test_gtd_order_expires_in_every_state(state: str) -> None:
    exchange, bid, stop = Exchange(), buy(expire_at=10), sell(stop="50.00", expire_at=10)
    exchange.apply_all(bid, stop, session(state))

    assert exchange.apply(ExpireDue(), time=10) == [expired(bid, 2, "10"), expired(stop, 3, "10")]


def test_order_that_is_due_can_no_longer_be_canceled() -> None:
    exchange, bid = Exchange(), buy(order_id="b", expire_at=3)
    exchange.apply(bid)

    assert exchange.apply(cancel("b")) == [expired(bid, 2, "10"), CancelRejected("b", None, Reason.UNKNOWN_ORDER)]


@pytest.mark.parametrize("expire_at", [1, 2])
def test_time_that_is_over_already_is_refused(expire_at: int) -> None:
    exchange, bid = Exchange(), buy(expire_at=expire_at)

    assert exchange.apply(bid) == [rejected(bid, 2, Reason.INVALID_INSTRUCTION)]


def test_name_of_an_expired_order_is_free_and_its_time_is_forgotten() -> None:
    exchange, first, second = Exchange(), buy(order_id="b", expire_at=5), buy(order_id="b", expire_at=50)
    exchange.apply_all(first, cancel("b"), second)

    assert exchange.apply(ExpireDue(), time=10) == []
    assert exchange.depth() == (["10@100.00 x1"], [])


def test_closing_expires_the_days_orders_in_order_of_sequence() -> None:
    exchange, ask, stop = Exchange(), sell(time_in_force="DAY"), buy(stop="200.00", time_in_force="DAY")
    bid, lasting = buy(price="90.00", time_in_force="DAY"), buy(price="80.00")
    exchange.apply_all(ask, stop, bid, lasting)

    events = exchange.apply(session("CLOSED"))

    assert events == [entered("CLOSED"), expired(ask, 2, "10"), expired(stop, 3, "10"), expired(bid, 4, "10")]
    assert exchange.depth() == (["10@80.00 x1"], [])


@pytest.mark.parametrize("state", ["OPEN", "PRE_OPEN", "HALTED"])
def test_other_states_leave_the_days_orders(state: str) -> None:
    exchange, bid = Exchange(), buy(time_in_force="DAY")
    exchange.apply(bid)

    assert exchange.apply(session(state)) == [entered(state)]
    assert exchange.depth() == (["10@100.00 x1"], [])


def test_market_order_for_the_day_means_at_once() -> None:
    exchange, ask, market = Exchange(), sell(), buy(price=None, time_in_force="DAY", quantity="4")
    exchange.apply(ask)

    assert exchange.apply(market) == [
        accepted(market, 3),
        trade("3-1", "4@100.00", maker=standing(ask, 2, fills="4@100.00"), taker=standing(market, 3, fills="4@100.00")),
    ]
