"""Form: every wrong field is named, and instructions that do not go together are refused."""

import json

import pytest

from order_engine.matching.commands import (
    AmendOrder,
    OrderType,
    PlaceOrder,
    ScheduledState,
    SelfTradePrevention,
    SessionState,
    SetInstrument,
    SetRiskLimits,
    Side,
    TimeInForce,
)
from order_engine.wire.form import (
    AMEND_FIELDS,
    INSTRUMENT_FIELDS,
    PLACE_FIELDS,
    RISK_LIMITS_FIELDS,
    FormError,
    amend_order,
    command_of,
    place_order,
    read_fields,
)
from order_engine.wire.identifiers import parse_identifier, parse_order_id, parse_symbol

REQUIRED = ("symbol", "side", "quantity")


def read_place(message: dict[str, object]) -> PlaceOrder:
    return place_order(read_fields({"symbol": "AAPL", "side": "BUY", "quantity": 1, **message}, PLACE_FIELDS, REQUIRED))


def test_equal_terms_of_two_messages_are_one_object() -> None:
    # A million live orders share them.
    message = '{"symbol": "AAPL", "user_id": "user-123", "price": "1.25", "quantity": 1000}'

    first, second = (read_place(json.loads(message)) for _ in range(2))

    assert first.user_id is second.user_id
    assert first.symbol is second.symbol
    assert first.price_e8 is second.price_e8
    assert first.quantity_e8 is second.quantity_e8


def test_plain_limit_order_is_read_whatever_the_case() -> None:
    order = read_place({"symbol": "aapl", "side": "buy", "price": "150.50", "quantity": 100, "user_id": "user123"})

    assert order == PlaceOrder(
        symbol="AAPL", side=Side.BUY, quantity_e8=10_000_000_000, price_e8=15_050_000_000, user_id="user123"
    )


@pytest.mark.parametrize("kind", ["IOC", "FOK", "ioc"])
def test_ioc_and_fok_are_short_for_a_limit_order(kind: str) -> None:
    order = read_place({"type": kind, "price": "1"})

    assert (order.order_type, order.time_in_force) == (OrderType.LIMIT, TimeInForce(kind.upper()))


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"price": None}, "price"),
        ({"type": "MARKET", "price": "1"}, "price"),
        ({"type": "IOC", "time_in_force": "FOK", "price": "1"}, "time_in_force"),
        ({"type": "MARKET", "post_only": True}, "post_only"),
        ({"time_in_force": "IOC", "price": "1", "post_only": True}, "post_only"),
        ({"price": "1", "post_only": "yes"}, "post_only"),
        ({"price": "0"}, "price"),
        ({"price": "-1"}, "price"),
        ({"price": "1", "quantity": "0"}, "quantity"),
        ({"price": "1", "quantity": None}, "quantity"),
        ({"price": "1", "side": "HOLD"}, "side"),
        ({"price": "1", "side": 1}, "side"),
        ({"price": "1", "symbol": "A B"}, "symbol"),
        ({"price": "1", "user_id": ""}, "user_id"),
        ({"price": "1", "user_id": -7}, "user_id"),
        ({"price": "1", "colour": "red"}, "colour"),
        ({"price": "1", "client_order_id": "a" * 41}, "client_order_id"),
        ({"price": "1", "stop_price": "1"}, "stop_price"),
        ({"price": "1", "trail_amount": "1"}, "trail_amount"),
        ({"type": "MARKET", "stop_price": "1"}, "stop_price"),
        ({"type": "STOP", "stop_price": "1", "price": "1"}, "price"),
        ({"type": "STOP"}, "stop_price"),
        ({"type": "STOP", "stop_price": "0"}, "stop_price"),
        ({"type": "STOP", "stop_price": "1", "trail_amount": "1"}, "trail_amount"),
        ({"type": "STOP", "stop_price": "1", "time_in_force": "IOC"}, "time_in_force"),
        ({"type": "STOP_LIMIT", "stop_price": "1"}, "price"),
        ({"type": "STOP_LIMIT", "price": "1"}, "stop_price"),
        ({"type": "STOP_LIMIT", "price": "1", "stop_price": "1", "post_only": True}, "post_only"),
        ({"type": "STOP_LIMIT", "price": "1", "stop_price": "1", "display_quantity": "1"}, "display_quantity"),
        ({"type": "TRAILING_STOP"}, "trail_amount"),
        ({"type": "TRAILING_STOP", "trail_amount": "1", "stop_price": "1"}, "stop_price"),
        ({"type": "TRAILING_STOP", "trail_amount": "1", "price": "1"}, "price"),
        ({"type": "TRAILING_STOP", "trail_amount": "-1"}, "trail_amount"),
        ({"type": "TRAILING_STOP", "trail_amount": "1", "time_in_force": "FOK"}, "time_in_force"),
        ({"price": "1", "time_in_force": "GTD"}, "expire_at"),
        ({"price": "1", "expire_at": "2026-11-23T10:00:00Z"}, "expire_at"),
        ({"price": "1", "time_in_force": "DAY", "expire_at": "2026-11-23T10:00:00Z"}, "expire_at"),
        ({"price": "1", "time_in_force": "GTD", "expire_at": "tomorrow"}, "expire_at"),
        ({"price": "1", "time_in_force": "GTD", "expire_at": 1}, "expire_at"),
        ({"type": "MARKET", "time_in_force": "GTD", "expire_at": "2026-11-23T10:00:00Z"}, "time_in_force"),
        ({"price": "1", "display_quantity": "0"}, "display_quantity"),
        ({"price": "1", "display_quantity": "1.1"}, "display_quantity"),
        ({"price": "1", "time_in_force": "FOK", "display_quantity": "1"}, "display_quantity"),
        ({"type": "IOC", "price": "1", "display_quantity": "1"}, "display_quantity"),
        ({"type": "MARKET", "display_quantity": "1"}, "display_quantity"),
        ({"price": "1", "self_trade_prevention": "BOTH"}, "self_trade_prevention"),
    ],
)
def test_wrong_form_names_the_field(message: dict[str, object], field: str) -> None:
    with pytest.raises(FormError) as caught:
        read_place(message)

    assert list(caught.value.errors) == [field]


@pytest.mark.parametrize(
    ("message", "time_in_force"),
    [
        ({"price": "1", "time_in_force": "DAY", "post_only": True, "display_quantity": "0.5"}, TimeInForce.DAY),
        ({"price": "1", "quantity": "10000", "display_quantity": "1"}, TimeInForce.GTC),
        ({"price": "1", "display_quantity": "1", "self_trade_prevention": "decrement"}, TimeInForce.GTC),
        ({"price": "1", "time_in_force": "IOC", "post_only": False}, TimeInForce.IOC),
        ({"type": "MARKET", "time_in_force": "DAY"}, TimeInForce.DAY),
        ({"type": "MARKET", "time_in_force": "FOK"}, TimeInForce.FOK),
        ({"type": "STOP", "stop_price": "1", "time_in_force": "DAY"}, TimeInForce.DAY),
        ({"type": "stop_limit", "stop_price": "1", "price": "2", "time_in_force": "FOK"}, TimeInForce.FOK),
        ({"type": "TRAILING_STOP", "trail_amount": "1"}, TimeInForce.GTC),
        (
            {"type": "STOP", "stop_price": "1", "time_in_force": "GTD", "expire_at": "2026-11-23T10:00:00Z"},
            TimeInForce.GTD,
        ),
    ],
)
def test_instructions_that_go_together_are_read(message: dict[str, object], time_in_force: TimeInForce) -> None:
    assert read_place(message).time_in_force is time_in_force


def test_every_term_of_an_order_is_read() -> None:
    stop_limit = {"type": "STOP_LIMIT", "price": "1", "stop_price": "2", "self_trade_prevention": "CANCEL_OLDEST"}
    order = read_place({**stop_limit, "time_in_force": "GTD", "expire_at": "1970-01-01T00:00:01Z"})
    iceberg = read_place({"price": "1", "quantity": "3", "display_quantity": "2"})
    trailing = read_place({"type": "TRAILING_STOP", "trail_amount": "0.5"})

    assert order == PlaceOrder(
        symbol="AAPL",
        side=Side.BUY,
        quantity_e8=100_000_000,
        price_e8=100_000_000,
        order_type=OrderType.STOP_LIMIT,
        time_in_force=TimeInForce.GTD,
        stop_price_e8=200_000_000,
        expire_at_ns=1_000_000_000,
        self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST,
    )
    assert iceberg.display_quantity_e8 == 200_000_000
    assert trailing.trail_amount_e8 == 50_000_000


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(FormError) as caught:
        read_fields({"side": "HOLD", "quantity": "x", "colour": "red"}, PLACE_FIELDS, REQUIRED)

    assert set(caught.value.errors) == {"side", "quantity", "colour", "symbol"}


def test_amend_may_name_quantity_zero_but_not_price_zero() -> None:
    fields = read_fields({"quantity": "0"}, AMEND_FIELDS)

    assert amend_order(fields, order_id="a") == AmendOrder(order_id="a", quantity_e8=0)
    with pytest.raises(FormError, match="price: Must be greater than 0"):
        read_fields({"price": "0"}, AMEND_FIELDS)


@pytest.mark.parametrize("field", ["price", "display_quantity", "stop_price", "trail_amount"])
def test_amend_names_new_terms_none_of_which_is_zero(field: str) -> None:
    amend = amend_order(read_fields({field: "2"}, AMEND_FIELDS), order_id="a")

    assert getattr(amend, f"{field}_e8") == 200_000_000
    with pytest.raises(FormError, match=f"{field}: Must be greater than 0"):
        read_fields({field: "0"}, AMEND_FIELDS)


def test_terms_of_an_instrument_are_read() -> None:
    message = {
        "symbol": "aapl",
        "tick_size": "0.5",
        "lot_size": 1,
        "price_band_percent": "10",
        "circuit_breaker_percent": 0,
        "reference_price": "150",
        "self_trade_prevention": "CANCEL_BOTH",
        "schedule": [{"at": "16:00", "state": "closed"}, {"at": "09:30:01", "state": "OPEN"}],
    }

    assert command_of(SetInstrument, read_fields(message, INSTRUMENT_FIELDS)) == SetInstrument(
        symbol="AAPL",
        tick_size_e8=50_000_000,
        lot_size_e8=100_000_000,
        price_band_percent_e8=1_000_000_000,
        circuit_breaker_percent_e8=0,
        reference_price_e8=15_000_000_000,
        self_trade_prevention=SelfTradePrevention.CANCEL_BOTH,
        schedule=(ScheduledState(34_201, SessionState.OPEN), ScheduledState(57_600, SessionState.CLOSED)),
    )


def test_limits_of_a_user_are_read_and_those_not_named_are_none() -> None:
    message = {"user_id": "*", "max_order_notional": "1e6", "max_open_orders": 0, "max_position": None}

    assert command_of(SetRiskLimits, read_fields(message, RISK_LIMITS_FIELDS)) == SetRiskLimits(
        user_id="*", max_order_notional_e8=100_000_000_000_000, max_open_orders=0
    )


@pytest.mark.parametrize("count", [-1, 1.0, "5", True, 1_000_000_001])
def test_most_open_orders_are_a_whole_number(count: object) -> None:
    with pytest.raises(FormError, match="max_open_orders: Must be a whole number from 0 to 1000000000"):
        read_fields({"user_id": "u1", "max_open_orders": count}, RISK_LIMITS_FIELDS)


def test_amend_of_nothing_is_refused() -> None:
    with pytest.raises(FormError, match="Name at least one of: price, quantity"):
        amend_order({}, order_id="a")


@pytest.mark.parametrize("symbol", ["A", "9", "BRK.B", "BTC-USD", "A_1", "A" * 32])
def test_symbol_of_the_right_form_is_read(symbol: str) -> None:
    assert parse_symbol(symbol.lower()) == symbol


@pytest.mark.parametrize("symbol", ["", "A" * 33, ".A", "-A", "A B", "\u00c4", "\u0131bm", "A\n", 5, None])
def test_symbol_of_wrong_form_is_refused(symbol: object) -> None:
    with pytest.raises(ValueError, match="Must be 1 to 32"):
        parse_symbol(symbol)


@pytest.mark.parametrize("identifier", ["", "a b", "a\n", "\u00e4", "a" * 65, -5, 5.0, True, 2**63, None, ["a"]])
def test_identifier_of_wrong_form_is_refused(identifier: object) -> None:
    with pytest.raises(ValueError, match="1 to 64 printable ASCII"):
        parse_identifier(identifier)


def test_order_under_the_name_of_everybody_is_of_wrong_form() -> None:
    with pytest.raises(FormError, match="stands for everybody"):
        read_place({"user_id": "*"})


@pytest.mark.parametrize("order_id", ["", "a b", "a" * 41, -5, False, 10**40, None])
def test_name_of_an_order_of_wrong_form_is_refused(order_id: object) -> None:
    with pytest.raises(ValueError, match="1 to 40 printable ASCII"):
        parse_order_id(order_id)


def test_integer_is_read_as_its_digits() -> None:
    assert (parse_identifier(2**63 - 1), parse_order_id(0)) == ("9223372036854775807", "0")


def test_longest_names_are_read() -> None:
    assert parse_order_id("a" * 40) == "a" * 40
    assert parse_identifier("a" * 64) == "a" * 64
