"""The kill switch: a disabled user's orders are canceled, and new ones refused until the user is enabled."""

from order_engine.matching.commands import Configure, DisableUser, EnableUser
from order_engine.matching.events import AmendRejected, Event, RiskLimitsChanged, UserDisabled, UserEnabled
from order_engine.matching.reason import Reason
from tests.builders import Exchange, accepted, amend, buy, cancel, canceled, limits, rejected, sell, session
from tests.dumps import dumped_and_loaded


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


def exchange_for_everybody(**bounds: int) -> Exchange:
    exchange = Exchange()
    exchange.apply(Configure(everybody_can_be_disabled=True, **bounds))
    return exchange


def takes(exchange: Exchange, user_id: str | None) -> bool:
    """Whether a new order of a user is taken."""
    return not any(event.__struct_config__.tag == "rejected" for event in exchange.apply(buy(user_id=user_id)))


def test_everybody_is_disabled_with_all_orders_until_enabled() -> None:
    exchange, stop, bid, nobodys = (
        exchange_for_everybody(),
        sell(stop="50.00", user_id="ann"),
        buy(user_id="bob"),
        buy(),
    )
    exchange.apply_all(stop, bid, nobodys)

    disabled = exchange.apply(DisableUser(user_id="*"))
    taken = [takes(exchange, user_id) for user_id in ("ann", "new", None)]
    exchange.apply(EnableUser(user_id="*"))

    assert disabled == [
        UserDisabled("*"),
        *(
            canceled(order, sequence, "10", Reason.USER_DISABLED)
            for sequence, order in enumerate((stop, bid, nobodys), 3)
        ),
    ]
    assert taken == [False, False, False]
    assert all(takes(exchange, user_id) for user_id in ("ann", "new", None))


def test_orders_left_while_everybody_is_disabled_are_canceled_but_not_amended() -> None:
    exchange = exchange_for_everybody(endings_max=1)
    exchange.apply_all(buy(order_id="b1"), buy(order_id="b2", user_id="ann"), DisableUser(user_id="*"))

    amended = exchange.apply(amend("b2", quantity="5"))

    assert amended == [AmendRejected("b2", "AAPL", Reason.USER_DISABLED, "ann")]
    assert exchange.apply(cancel("b2")) == [canceled(buy(order_id="b2", user_id="ann"), 4, "10", Reason.USER_REQUESTED)]


def test_enabling_everybody_leaves_those_who_were_disabled_alone() -> None:
    exchange = exchange_for_everybody()
    exchange.apply_all(DisableUser(user_id="ann"), DisableUser(user_id="*"), DisableUser(user_id="bob"))

    exchange.apply(EnableUser(user_id="*"))

    assert [takes(exchange, user_id) for user_id in ("ann", "bob", "cat")] == [False, False, True]


def test_user_who_is_enabled_meanwhile_waits_for_everybody() -> None:
    exchange = exchange_for_everybody()
    exchange.apply_all(DisableUser(user_id="ann"), DisableUser(user_id="*"))

    enabled = exchange.apply(EnableUser(user_id="ann"))
    taken_meanwhile = takes(exchange, "ann")
    limited = exchange.apply(limits("ann"))
    exchange.apply(EnableUser(user_id="*"))

    assert enabled == [UserEnabled("ann", True)]
    assert not taken_meanwhile
    assert limited == [RiskLimitsChanged(limits("ann"), True)]
    assert takes(exchange, "ann")


def test_everybody_stays_disabled_in_a_dump() -> None:
    exchange = exchange_for_everybody()
    exchange.apply(DisableUser(user_id="*"))

    loaded = Exchange(dumped_and_loaded(exchange.engine))

    assert not takes(loaded, "ann")
    assert loaded.apply(EnableUser(user_id="*")) == [UserEnabled("*")]
    assert takes(loaded, "ann")


def test_older_journal_that_disabled_a_user_of_that_name_stopped_nobody_else() -> None:
    exchange = Exchange()
    exchange.apply_all(buy(user_id="ann"), buy(user_id="*"))

    events: list[Event] = exchange.apply(DisableUser(user_id="*"))
    exchange.apply(Configure(everybody_can_be_disabled=True))

    assert events == [UserDisabled("*"), canceled(buy(user_id="*"), 3, "10", Reason.USER_DISABLED)]
    assert [takes(exchange, user_id) for user_id in ("ann", "*")] == [True, False]
