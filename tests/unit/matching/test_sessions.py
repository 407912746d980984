"""Session states: what each allows, and what entering one does."""

from itertools import permutations

import pytest

from order_engine.matching.commands import Configure, SessionState, SetState
from order_engine.matching.events import CancelRejected, InstrumentListed, StateChanged, StateRejected
from order_engine.matching.instrument import Instrument
from order_engine.matching.reason import Reason
from tests.builders import (
    Exchange,
    accepted,
    amend,
    buy,
    cancel,
    cancel_all,
    canceled,
    entered,
    instrument,
    rejected,
    sell,
    session,
)

STATES = [str(state) for state in SessionState]


@pytest.mark.parametrize(("before", "after"), list(permutations(STATES, 2)))
def test_any_state_may_follow_any_other(before: str, after: str) -> None:
    exchange = Exchange()

    assert exchange.apply_all(session(before), session(after)) == [[entered(before)], [entered(after)]]
    assert exchange.engine.books["AAPL"].state == after


@pytest.mark.parametrize("state", STATES)
def test_state_that_is_already_is_accepted_and_does_nothing(state: str) -> None:
    exchange = Exchange()
    exchange.apply_all(session(state))

    assert exchange.apply(session(state)) == [entered(state)]


@pytest.mark.parametrize(("state", "reason"), [("HALTED", Reason.INSTRUMENT_HALTED), ("CLOSED", Reason.MARKET_CLOSED)])
@pytest.mark.parametrize(
    "order", [buy(), buy(price=None), buy(stop="105.00"), buy(time_in_force="FOK"), buy(price="100.005")]
)
def test_halted_and_closed_take_no_orders(state: str, reason: Reason, order: object) -> None:
    exchange = Exchange()
    exchange.apply(session(state))

    assert exchange.apply(order) == [rejected(order, 3, reason)]


@pytest.mark.parametrize("state", ["HALTED", "CLOSED", "PRE_OPEN"])
def test_cancels_are_taken_in_every_state(state: str) -> None:
    exchange, bid, stop = Exchange(), buy(order_id="b"), sell(stop="50.00", user_id="ann")
    exchange.apply_all(bid, stop, session(state))

    events = exchange.apply_all(cancel("b"), cancel_all("ann"), cancel("b"))

    assert events == [
        [canceled(bid, 2, "10", Reason.USER_REQUESTED)],
        [canceled(stop, 3, "10", Reason.USER_REQUESTED)],
        [CancelRejected("b", None, Reason.UNKNOWN_ORDER)],
    ]


@pytest.mark.parametrize(
    "order",
    [
        buy(price=None),
        buy(time_in_force="IOC"),
        buy(time_in_force="FOK"),
        buy(price=None, time_in_force="DAY", quantity="0.5"),
    ],
)
def test_call_refuses_what_cannot_wait_for_the_auction(order: object) -> None:
    exchange = Exchange()
    exchange.apply(session("PRE_OPEN"))

    assert exchange.apply(order) == [rejected(order, 3, Reason.NOT_IN_AUCTION)]


@pytest.mark.parametrize(
    "order",
    [
        buy(post_only=True),
        buy(display="2"),
        buy(time_in_force="DAY"),
        buy(stop="50.00"),
        buy(trail="5.00"),
        buy(stop="50.00", price="60.00", time_in_force="FOK"),
    ],
)
def test_call_takes_orders_that_cross_and_matches_nothing(order: object) -> None:
    exchange = Exchange()
    exchange.apply_all(session("PRE_OPEN"), sell(price="90.00"))

    assert exchange.apply(order) == [accepted(order, 4)]


def test_call_has_no_band() -> None:
    exchange, bid = Exchange(), buy(price="500.00")
    exchange.apply_all(instrument(band="10", reference="100.00"), session("PRE_OPEN"))

    assert exchange.apply(bid) == [accepted(bid, 4)]


def test_opening_a_book_that_does_not_cross_trades_nothing() -> None:
    exchange = Exchange()
    exchange.apply_all(session("PRE_OPEN"), buy(price="99.00"), sell(price="99.01"))

    assert exchange.apply(session("OPEN")) == [entered("OPEN")]
    assert exchange.depth() == (["10@99.00 x1"], ["10@99.01 x1"])


@pytest.mark.parametrize("state", ["HALTED", "CLOSED"])
def test_crossed_book_waits_for_the_opening(state: str) -> None:
    exchange = Exchange()
    exchange.apply_all(session("PRE_OPEN"), buy(price="101.00"), sell(), session(state))

    events = exchange.apply(session("OPEN"))

    assert [event.__struct_config__.tag for event in events] == ["state", "trade"]


def test_state_of_an_unlisted_symbol_lists_it() -> None:
    exchange = Exchange()

    events = exchange.apply(SetState(symbol="MSFT", state=SessionState.CLOSED))

    assert events == [
        InstrumentListed(Instrument(symbol="MSFT", tick_size_e8=1_000_000, lot_size_e8=1)),
        StateChanged("MSFT", SessionState.CLOSED),
    ]


@pytest.mark.parametrize("settings", [Configure(auto_list=False), Configure(max_instruments=1)])
def test_state_of_a_symbol_that_may_not_be_listed_is_refused(settings: Configure) -> None:
    exchange = Exchange()
    exchange.apply(settings)

    assert exchange.apply(SetState(symbol="MSFT", state=SessionState.OPEN)) == [
        StateRejected("MSFT", Reason.UNKNOWN_SYMBOL)
    ]
    assert "MSFT" not in exchange.engine.books


def test_session_is_looked_at_after_the_order_and_before_its_terms() -> None:
    exchange = Exchange()
    exchange.apply_all(buy(order_id="b"), session("CLOSED"))

    events = exchange.apply_all(buy(order_id="b", price="100.005"), amend("b", stop="1.00"), amend("x", stop="1.00"))

    assert [event.reason if hasattr(event, "reason") else event.order.reason for (event,) in events] == [
        Reason.MARKET_CLOSED,
        Reason.MARKET_CLOSED,
        Reason.UNKNOWN_ORDER,
    ]
