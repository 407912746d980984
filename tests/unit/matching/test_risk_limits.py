"""Risk limits: each refuses just beyond its limit, per symbol, in the rulebook's order."""

import pytest

from order_engine.matching.events import AmendRejected, OrderRejected, RiskLimitsChanged
from order_engine.matching.reason import Reason
from tests.builders import Exchange, accepted, amend, amended, buy, cancel, limits, rejected, sell


def exchange_with(*commands: object) -> Exchange:
    exchange = Exchange()
    exchange.apply_all(*commands)
    return exchange


def reason_for(exchange: Exchange, order: object) -> Reason | None:
    """Return why an order is refused; None if it is not."""
    refusals = [event for event in exchange.apply(order) if isinstance(event, OrderRejected)]
    return refusals[0].order.reason if refusals else None


def test_limits_are_an_event() -> None:
    exchange, limited = Exchange(), limits(quantity="5", notional="1000", orders=3, position="20")

    assert exchange.apply(limited) == [RiskLimitsChanged(limited)]


@pytest.mark.parametrize(("quantity", "reason"), [("5", None), ("6", Reason.RISK_MAX_ORDER_QUANTITY)])
@pytest.mark.parametrize("price", ["100.00", None])
def test_quantity_of_an_order_is_limited(quantity: str, price: str | None, reason: Reason | None) -> None:
    exchange = exchange_with(limits(quantity="5"))

    assert reason_for(exchange, buy(quantity=quantity, price=price, user_id="ann")) == reason


@pytest.mark.parametrize(("price", "reason"), [("100.00", None), ("100.01", Reason.RISK_MAX_ORDER_NOTIONAL)])
@pytest.mark.parametrize("stop", [None, "200.00"])
def test_notional_of_an_order_is_limited(price: str, stop: str | None, reason: Reason | None) -> None:
    exchange = exchange_with(limits(notional="1000"))

    assert reason_for(exchange, buy(price=price, stop=stop, user_id="ann")) == reason


@pytest.mark.parametrize("order", [buy(price=None, user_id="ann"), buy(stop="500.00", user_id="ann")])
def test_order_without_a_price_has_no_notional(order: object) -> None:
    assert reason_for(exchange_with(limits(notional="1")), order) is None


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (buy(user_id="ann"), Reason.RISK_MAX_OPEN_ORDERS),
        (sell(stop="50.00", price="50.00", time_in_force="IOC", user_id="ann"), Reason.RISK_MAX_OPEN_ORDERS),
        (buy(user_id="ann", time_in_force="IOC"), None),
        (buy(user_id="ann", price=None), None),
        (buy(user_id="ann", symbol="MSFT"), None),
        (buy(user_id="bob"), None),
        (buy(), None),
    ],
)
def test_open_orders_of_a_user_in_a_symbol_are_limited(order: object, reason: Reason | None) -> None:
    exchange = exchange_with(buy(price="50.00", user_id="ann"), buy(stop="500.00", user_id="ann"), limits(orders=2))

    assert reason_for(exchange, order) == reason


def test_order_that_ended_makes_room() -> None:
    exchange = exchange_with(buy(order_id="b", user_id="ann"), limits(orders=1))

    exchange.apply(cancel("b"))

    assert reason_for(exchange, buy(user_id="ann")) is None


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (buy(quantity="3", user_id="ann"), None),
        (buy(quantity="4", user_id="ann"), Reason.RISK_MAX_POSITION),
        (buy(quantity="4", price=None, user_id="ann"), Reason.RISK_MAX_POSITION),
        (buy(quantity="4", stop="500.00", user_id="ann"), Reason.RISK_MAX_POSITION),
        (sell(quantity="24", price="500.00", user_id="ann"), None),
        (sell(quantity="25", price="500.00", user_id="ann"), Reason.RISK_MAX_POSITION),
        (buy(quantity="20", user_id="ann", symbol="MSFT"), None),
    ],
)
def test_position_counts_what_is_held_open_and_pending(order: object, reason: Reason | None) -> None:
    exchange = exchange_with(
        sell(quantity="4"),
        buy(quantity="4", user_id="ann"),
        buy(quantity="10", price="50.00", user_id="ann"),
        buy(quantity="3", stop="400.00", user_id="ann"),
        limits(position="20"),
    )

    assert reason_for(exchange, order) == reason


def test_limits_are_checked_in_their_order() -> None:
    order = buy(user_id="ann", price="100.00", quantity="10")

    reasons = [
        reason_for(exchange_with(limits(**terms)), order)
        for terms in (
            {"quantity": "9", "notional": "9", "orders": 0, "position": "9"},
            {"notional": "9", "orders": 0, "position": "9"},
            {"orders": 0, "position": "9"},
            {"position": "9"},
        )
    ]

    assert reasons == [
        Reason.RISK_MAX_ORDER_QUANTITY,
        Reason.RISK_MAX_ORDER_NOTIONAL,
        Reason.RISK_MAX_OPEN_ORDERS,
        Reason.RISK_MAX_POSITION,
    ]


def test_everybodys_limits_are_for_those_without_their_own() -> None:
    exchange = exchange_with(limits("*", quantity="5"), limits("ann", position="100"))

    reasons = [reason_for(exchange, buy(user_id=user_id)) for user_id in ("ann", "bob", None)]

    assert reasons == [None, Reason.RISK_MAX_ORDER_QUANTITY, None]


def test_new_limits_replace_the_old_ones_whole() -> None:
    exchange = exchange_with(limits(quantity="5"), limits(position="100"))

    assert reason_for(exchange, buy(user_id="ann")) is None


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"quantity": "16"}, Reason.RISK_MAX_ORDER_QUANTITY),
        ({"price": "101.00", "quantity": "15"}, Reason.RISK_MAX_ORDER_NOTIONAL),
        ({"quantity": "14"}, Reason.RISK_MAX_POSITION),
        ({"quantity": "13"}, None),
        ({"quantity": "9"}, None),
        ({"price": "111.00"}, None),
    ],
)
def test_amend_meets_the_limits_of_size_and_an_increase_that_of_position(
    terms: dict[str, str], reason: Reason | None
) -> None:
    bid = buy(order_id="b", user_id="ann", price="90.00")
    exchange = exchange_with(bid, buy(quantity="7", price="80.00", user_id="ann"))
    exchange.apply(limits(quantity="15", notional="1500", orders=0, position="20"))

    events = exchange.apply(amend("b", **terms))

    expected = amended(bid, 2, **terms) if reason is None else AmendRejected("b", "AAPL", reason, "ann")
    assert events == [expected]


def test_refused_order_is_rejected_before_it_is_told_that_it_would_take() -> None:
    exchange, order = exchange_with(sell(), limits(quantity="5")), buy(post_only=True, user_id="ann")

    assert exchange.apply(order) == [rejected(order, 4, Reason.RISK_MAX_ORDER_QUANTITY)]


def test_trades_with_oneself_leave_the_position() -> None:
    exchange, order = exchange_with(sell(user_id="ann"), buy(user_id="ann")), buy(user_id="ann")
    exchange.apply(limits(position="10"))

    assert exchange.apply(order) == [accepted(order, 5)]
