"""What a stream's commands mean, and which of them become dead letters, with which reason."""

from decimal import Decimal
from pathlib import Path

import pytest

from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    OrderType,
    PlaceOrder,
    SetInstrument,
    Side,
    TimeInForce,
)
from order_engine.protocol.form import FormError
from order_engine.streams.messages import CommandReader, decode_message
from tests.unit.streams.stream_fixtures import create

PLAIN = PlaceOrder(symbol="AAPL", side=Side.BUY, quantity_e8=1_000_000_000, price_e8=10_000_000_000, order_id="a1")


def read(line: bytes) -> Command:
    return CommandReader().read(decode_message(line))


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (
            b'{"type":"create","order_id":"a1","symbol":"aapl","side":"buy","quantity":10,"price":100.00}',
            PLAIN,
        ),
        (
            b'{"type":"CREATE","order_id":"a1","symbol":"AAPL","side":"BUY","quantity":"1e1","price":1e2}',
            PLAIN,
        ),
        (
            b'{"type":"create","order_id":"a1","symbol":"AAPL","side":"BUY","quantity":"10","price":"100",'
            b'"order_type":null,"user_id":null,"time_in_force":null,"post_only":false,"display_quantity":null}',
            PLAIN,
        ),
        (
            b'{"type":"create","order_id":"a1","symbol":"AAPL","side":"SELL","quantity":"0.5","order_type":"MARKET",'
            b'"user_id":"u1","client_order_id":"c1"}',
            PlaceOrder(
                symbol="AAPL",
                side=Side.SELL,
                quantity_e8=50_000_000,
                order_type=OrderType.MARKET,
                user_id="u1",
                client_order_id="c1",
                order_id="a1",
            ),
        ),
        (
            b'{"type":"create","order_id":"a1","symbol":"AAPL","side":"BUY","quantity":"1","price":"1",'
            b'"order_type":"fok"}',
            PlaceOrder(
                symbol="AAPL",
                side=Side.BUY,
                quantity_e8=100_000_000,
                price_e8=100_000_000,
                time_in_force=TimeInForce.FOK,
                order_id="a1",
            ),
        ),
        (
            b'{"type":"create","order_id":"a1","symbol":"AAPL","side":"BUY","quantity":"1","price":"1",'
            b'"post_only":true}',
            PlaceOrder(
                symbol="AAPL",
                side=Side.BUY,
                quantity_e8=100_000_000,
                price_e8=100_000_000,
                post_only=True,
                order_id="a1",
            ),
        ),
        (
            b'{"type":"amend","order_id":"a1","quantity":"0","price":"1.5","symbol":"aapl"}',
            AmendOrder(order_id="a1", symbol="AAPL", price_e8=150_000_000, quantity_e8=0),
        ),
        (b'{"type":"cancel","order_id":"a1"}', CancelOrder(order_id="a1")),
        (b'{"type":"cancel","order_id":"a1","symbol":"X"}', CancelOrder(order_id="a1", symbol="X")),
        (b'{"type":"cancel_all","user_id":"u1"}', CancelAll(user_id="u1")),
        (
            b'{"type":"cancel_all","user_id":"u1","symbol":"X","side":"sell"}',
            CancelAll(user_id="u1", symbol="X", side=Side.SELL),
        ),
        (
            b'{"type":"instrument","symbol":"X","tick_size":"0.05","lot_size":1}',
            SetInstrument(symbol="X", tick_size_e8=5_000_000, lot_size_e8=100_000_000),
        ),
    ],
)
def test_message_becomes_its_command(line: bytes, command: Command) -> None:
    assert read(line) == command


ORDER = b'"order_id":"a1","symbol":"AAPL","side":"BUY"'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"not json", "line: Not JSON"),
        (b"{", "line: Not JSON"),
        (b'{"type":"cancel"} {}', "line: Not JSON"),
        (b'"text"', "line: Not a JSON object."),
        (b"[]", "line: Not a JSON object."),
        (b"1.5", "line: Not a JSON object."),
        (b'{"type":"cancel","order_id":"\xff"}', "line: Not JSON"),
        (b'{"type":"cancel","order_id":"a\x00"}', "line: Not JSON"),
        (b'{"type":"cancel","order_id":NaN}', "line: Not JSON"),
        (b'{"type":"cancel","order_id":"a\\u0000"}', "order_id: Must be a string"),
        (b'{"type":"cancel","order_id":"\\ud800"}', "line: Not JSON"),
        (b'{"type":' + b"[" * 100_000, "line: Nested too deeply."),
        (b'{"type":"cancel","order_id":"a1","order_id":"a2"}', "order_id: Given more than once."),
        (b"{}", "type: Missing."),
        (b'{"type":null}', "type: Missing."),
        (b'{"type":5}', "type: Must be one of: create, amend, cancel, cancel_all, instrument."),
        (b'{"type":["create"]}', "type: Must be one of"),
        (b'{"type":"delete"}', "type: Must be one of"),
        (b'{"type":"state","symbol":"AAPL","state":"PRE_OPEN"}', "type: state is not supported yet."),
        (b'{"type":"risk_limits","user_id":"u1"}', "type: risk_limits is not supported yet."),
        (b'{"type":"disable_user","user_id":"u1"}', "type: disable_user is not supported yet."),
        (b'{"type":"enable_user","user_id":"u1"}', "type: enable_user is not supported yet."),
        (b'{"type":"create"}', "order_id: Missing.; symbol: Missing.; side: Missing.; quantity: Missing."),
        (b'{"type":"create",' + ORDER + b',"quantity":"1"}', "price: A LIMIT order needs a price."),
        (b'{"type":"create",' + ORDER + b',"quantity":1e999999999999999999999,"price":1}', "quantity: "),
        (b'{"type":"create",' + ORDER + b',"quantity":' + b"9" * 5_000 + b',"price":1}', "line: Not JSON"),
        (b'{"type":"create",' + ORDER + b',"quantity":{"a":1},"price":1}', "quantity: Not a number"),
        (b'{"type":"create",' + ORDER + b',"quantity":true,"price":1}', "quantity: Not a number"),
        (b'{"type":"create",' + ORDER + b',"quantity":-1,"price":1}', "quantity: Must not be negative."),
        (b'{"type":"create",' + ORDER + b',"quantity":1,"price":0.000000001}', "price: Must have at most 8 decimals."),
        (b'{"type":"create",' + ORDER + b',"quantity":1,"price":1,"stop_price":1}', "stop_price: Not supported yet."),
        (b'{"type":"create",' + ORDER + b',"quantity":1,"price":1,"order_type":"STOP"}', "order_type: Must be one of"),
        (b'{"type":"create",' + ORDER + b',"quantity":1,"price":1,"colour":1}', "colour: Unknown field."),
        (b'{"type":"amend","order_id":"a1"}', "quantity: Name at least one of"),
        (b'{"type":"amend","order_id":"a1","side":"BUY","quantity":1}', "side: Unknown field."),
        (b'{"type":"cancel"}', "order_id: Missing."),
        (b'{"type":"cancel","order_id":1}', "order_id: Must be a string"),
        (b'{"type":"cancel","order_id":1.5}', "order_id: Must be a string"),
        (b'{"type":"cancel_all"}', "user_id: Missing."),
        (b'{"type":"instrument","symbol":"X","tick_size":0}', "tick_size: Must be greater than 0."),
        (b'{"type":"instrument","symbol":"X","price_band_percent":10}', "price_band_percent: Not supported yet."),
    ],
)
def test_message_of_wrong_form_says_what_is_wrong(line: bytes, reason: str) -> None:
    with pytest.raises(FormError) as caught:
        read(line)

    assert str(caught.value).startswith(reason)


def test_numbers_are_read_digit_by_digit() -> None:
    assert decode_message(b'{"price":150.10000000000000001}') == {"price": Decimal("150.10000000000000001")}


def test_create_builder_makes_what_the_reader_reads(tmp_path: Path) -> None:
    assert CommandReader().read(dict(create("a1"))) == PLAIN
