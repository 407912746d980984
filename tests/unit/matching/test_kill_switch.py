"""The kill switch: a disabled user's orders are canceled, and new ones refused until the user is enabled."""

from order_engine.matching.commands import DisableUser, EnableUser
from order_engine.matching.events import AmendRejected, UserDisabled, UserEnabled
from order_engine.matching.reason import Reason
from tests.builders import Exchange, accepted, amend, buy, canceled, rejected, sell, session


def test_disabling_cancels_all_orders_of_the_user_in_order_of_sequence() -> None:
    exchange, stop, bid = Exchange(), sell(stop="50.00", user_id="ann"), buy(user_id="ann", symbol="MSFT")
    ask, others = sell(price="200.00", user_id="ann", display="1"), buy(user_id="bob")
    exchange.apply_all(stop, bid, others, ask)

    events = exchange.apply(DisableUser(user_id="ann"))

    assert events == [
        UserDisabled("ann"),
        canceled(stop, 2, "10", Reason.USER_DISABLED),
        canceled(bid, 3, "10", Reason.USER_DISABLED),
        canceled(ask, 5, "10", Reason.USER_DISABLED),
    ]
    assert exchange.depth() == (["10@100.00 x1"], [])


def test_orders_of_a_disabled_user_are_refused_before_all_else() -> None:
    exchange, order = Exchange(), buy(user_id="ann", price="100.005")
    exchange.apply_all(session("CLOSED"), DisableUser(user_id="ann"))

    assert exchange.apply(order) == [rejected(order, 4, Reason.USER_DISABLED)]


def test_amend_of_an_order_that_went_with_its_user_is_unknown() -> None:
    exchange = Exchange()
    exchange.apply_all(buy(user_id="ann", order_id="b"), DisableUser(user_id="ann"))

    assert exchange.apply(amend("b", quantity="5")) == [AmendRejected("b", None, Reason.UNKNOWN_ORDER)]


def test_enabled_user_trades_again() -> None:
    exchange, order = Exchange(), buy(user_id="ann")
    exchange.apply(DisableUser(user_id="ann"))

    assert exchange.apply_all(EnableUser(user_id="ann"), order) == [[UserEnabled("ann")], [accepted(order, 4)]]


def test_disabling_works_in_a_halt_and_twice() -> None:
    exchange, bid = Exchange(), buy(user_id="ann")
    exchange.apply_all(bid, session("HALTED"))

    events = exchange.apply_all(DisableUser(user_id="ann"), DisableUser(user_id="ann"))

    assert events == [[UserDisabled("ann"), canceled(bid, 2, "10", Reason.USER_DISABLED)], [UserDisabled("ann")]]
