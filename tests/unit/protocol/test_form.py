"""Form: every wrong field is named, and instructions that do not go together are refused."""

import pytest

from order_engine.matching.commands import AmendOrder, OrderType, PlaceOrder, Side, TimeInForce
from order_engine.protocol.form import (
    AMEND_FIELDS,
    PLACE_FIELDS,
    FormError,
    amend_order,
    place_order,
    read_fields,
)
from order_engine.protocol.identifiers import parse_identifier, parse_symbol

REQUIRED = ("symbol", "side", "quantity")


def read_place(message: dict[str, object]) -> PlaceOrder:
    return place_order(read_fields({"symbol": "AAPL", "side": "BUY", "quantity": 1, **message}, PLACE_FIELDS, REQUIRED))


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
        ({"price": "1", "user_id": 7}, "user_id"),
        ({"price": "1", "colour": "red"}, "colour"),
    ],
)
def test_wrong_form_names_the_field(message: dict[str, object], field: str) -> None:
    with pytest.raises(FormError) as caught:
        read_place(message)

    assert list(caught.value.errors) == [field]


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(FormError) as caught:
        read_fields({"side": "HOLD", "quantity": "x", "colour": "red"}, PLACE_FIELDS, REQUIRED)

    assert set(caught.value.errors) == {"side", "quantity", "colour", "symbol"}


def test_amend_may_name_quantity_zero_but_not_price_zero() -> None:
    fields = read_fields({"quantity": "0"}, AMEND_FIELDS)

    assert amend_order(fields, order_id="a") == AmendOrder(order_id="a", quantity_e8=0)
    with pytest.raises(FormError, match="price: Must be greater than 0"):
        read_fields({"price": "0"}, AMEND_FIELDS)


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


@pytest.mark.parametrize("identifier", ["", "a b", "a\n", "\u00e4", "a" * 65, 5, None, ["a"]])
def test_identifier_of_wrong_form_is_refused(identifier: object) -> None:
    with pytest.raises(ValueError, match="1 to 64 printable ASCII"):
        parse_identifier(identifier)
