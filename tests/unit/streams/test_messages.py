"""A stream's messages become commands, or dead letters with a reason."""

from decimal import Decimal
from pathlib import Path

import pytest

from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    DisableUser,
    EnableUser,
    OrderType,
    PlaceOrder,
    ScheduledState,
    SelfTradePrevention,
    SessionState,
    SetInstrument,
    SetRiskLimits,
    SetState,
    Side,
    TimeInForce,
)
from order_engine.streams.messages import CommandReader, decode_message
from order_engine.wire.form import FormError
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
            b'{"type":"create","order_id":"a1","instrument":"AAPL","side":"BUY","quantity":10,"price":100}',
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
        (
            b'{"type":"instrument","symbol":"X","price_band_percent":"10","circuit_breaker_percent":2.5,'
            b'"reference_price":"150","self_trade_prevention":"cancel_oldest",'
            b'"schedule":[{"at":"09:30","state":"OPEN"},{"at":"16:00","state":"CLOSED"}]}',
            SetInstrument(
                symbol="X",
                price_band_percent_e8=1_000_000_000,
                circuit_breaker_percent_e8=250_000_000,
                reference_price_e8=15_000_000_000,
                self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST,
                schedule=(ScheduledState(34_200, SessionState.OPEN), ScheduledState(57_600, SessionState.CLOSED)),
            ),
        ),
        (
            b'{"type":"create","order_id":"a1","symbol":"AAPL","side":"SELL","quantity":"1","price":"1",'
            b'"order_type":"stop_limit","stop_price":2,"time_in_force":"gtd","expire_at":1500}',
            PlaceOrder(
                symbol="AAPL",
                side=Side.SELL,
                quantity_e8=100_000_000,
                price_e8=100_000_000,
                order_type=OrderType.STOP_LIMIT,
                stop_price_e8=200_000_000,
                time_in_force=TimeInForce.GTD,
                expire_at_ns=1_500,
                order_id="a1",
            ),
        ),
        (
            b'{"type":"create","order_id":"a1","symbol":"AAPL","side":"BUY","quantity":"10","price":"100",'
            b'"time_in_force":"GTD","expire_at":"1970-01-01T00:00:01Z","display_quantity":"2",'
            b'"self_trade_prevention":"DECREMENT","user_id":"u1"}',
            PlaceOrder(
                symbol="AAPL",
                side=Side.BUY,
                quantity_e8=1_000_000_000,
                price_e8=10_000_000_000,
                time_in_force=TimeInForce.GTD,
                expire_at_ns=1_000_000_000,
                display_quantity_e8=200_000_000,
                self_trade_prevention=SelfTradePrevention.DECREMENT,
                user_id="u1",
                order_id="a1",
            ),
        ),
        (
            b'{"type":"create","order_id":"a1","symbol":"AAPL","side":"BUY","quantity":"1",'
            b'"order_type":"TRAILING_STOP","trail_amount":"0.5","time_in_force":"DAY"}',
            PlaceOrder(
                symbol="AAPL",
                side=Side.BUY,
                quantity_e8=100_000_000,
                order_type=OrderType.TRAILING_STOP,
                trail_amount_e8=50_000_000,
                time_in_force=TimeInForce.DAY,
                order_id="a1",
            ),
        ),
        (
            b'{"type":"amend","order_id":"a1","display_quantity":"1","stop_price":"2","trail_amount":"3"}',
            AmendOrder(
                order_id="a1",
                display_quantity_e8=100_000_000,
                stop_price_e8=200_000_000,
                trail_amount_e8=300_000_000,
            ),
        ),
        (
            b'{"type":"state","symbol":"aapl","state":"pre_open"}',
            SetState(symbol="AAPL", state=SessionState.PRE_OPEN),
        ),
        (
            b'{"type":"risk_limits","user_id":"u1","max_order_quantity":"1000","max_order_notional":"1e6",'
            b'"max_open_orders":50,"max_position":"5000"}',
            SetRiskLimits(
                user_id="u1",
                max_order_quantity_e8=100_000_000_000,
                max_order_notional_e8=100_000_000_000_000,
                max_open_orders=50,
                max_position_e8=500_000_000_000,
            ),
        ),
        (b'{"type":"risk_limits","user_id":"*","max_position":null}', SetRiskLimits(user_id="*")),
        (b'{"type":"disable_user","user_id":"u1"}', DisableUser(user_id="u1")),
        (b'{"type":"enable_user","user_id":"u1"}', EnableUser(user_id="u1")),
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
        (b'{"type":' + b"[" * 40_000, "line: Nested too deeply."),
        (b'{"type":"cancel","order_id":"a1","order_id":"a2"}', "order_id: Given more than once."),
        (b"{}", "type: Missing."),
        (b'{"type":null}', "type: Missing."),
        (b'{"type":5}', "type: Must be one of: create, amend, cancel, cancel_all, instrument, state, settle, delist, "),
        (b'{"type":["create"]}', "type: Must be one of"),
        (b'{"type":"delete"}', "type: Must be one of"),
        (b'{"type":"create"}', "order_id: Missing.; symbol: Missing.; side: Missing.; quantity: Missing."),
        (b'{"type":"create",' + ORDER + b',"quantity":"1"}', "price: A LIMIT order needs a price."),
        (b'{"type":"create",' + ORDER + b',"quantity":1e999999999999999999999,"price":1}', "quantity: "),
        (b'{"type":"create",' + ORDER + b',"quantity":' + b"9" * 5_000 + b',"price":1}', "line: Not JSON"),
        (b'{"type":"create",' + ORDER + b',"quantity":{"a":1},"price":1}', "quantity: Not a number"),
        (b'{"type":"create",' + ORDER + b',"quantity":true,"price":1}', "quantity: Not a number"),
        (b'{"type":"create",' + ORDER + b',"quantity":-1,"price":1}', "quantity: Must not be negative."),
        (b'{"type":"create",' + ORDER + b',"quantity":1,"price":0.000000001}', "price: Must have at most 8 decimals."),
        (
            b'{"type":"create",' + ORDER + b',"quantity":1,"price":1,"stop_price":1}',
            "stop_price: A LIMIT order takes no stop price.",
        ),
        (b'{"type":"create",' + ORDER + b',"quantity":1,"price":1,"order_type":"PEG"}', "order_type: Must be one of"),
        (
            b'{"type":"create",' + ORDER + b',"quantity":1,"price":1,"order_type":"STOP"}',
            "price: A STOP order takes no price.; stop_price: A STOP order needs a stop price.",
        ),
        (b'{"type":"create",' + ORDER + b',"quantity":1,"price":1,"type":"STOP"}', "type: Given more than once."),
        (
            b'{"type":"create",' + ORDER + b',"quantity":1,"price":1,"time_in_force":"GTD"}',
            "expire_at: A GTD order needs",
        ),
        (
            b'{"type":"create",' + ORDER + b',"quantity":1,"price":1,"time_in_force":"GTD","expire_at":-1}',
            "expire_at: ",
        ),
        (
            b'{"type":"create",' + ORDER + b',"quantity":1,"price":1,"display_quantity":2}',
            "display_quantity: Must be at",
        ),
        (b'{"type":"cancel","order_id":"' + b"a" * 41 + b'"}', "order_id: Must be a string of 1 to 40"),
        (b'{"type":"create",' + ORDER + b',"quantity":1,"price":1,"colour":1}', "colour: Unknown field."),
        (b'{"type":"amend","order_id":"a1"}', "quantity: Name at least one of"),
        (b'{"type":"amend","order_id":"a1","side":"BUY","quantity":1}', "side: Unknown field."),
        (b'{"type":"cancel"}', "order_id: Missing."),
        (b'{"type":"cancel","order_id":1.5}', "order_id: Must be a string"),
        (b'{"type":"cancel_all"}', "user_id: Missing."),
        (b'{"type":"instrument","symbol":"X","tick_size":0}', "tick_size: Must be greater than 0."),
        (b'{"type":"instrument","symbol":"X","price_band_percent":-1}', "price_band_percent: Must not be negative."),
        (b'{"type":"instrument","symbol":"X","schedule":"09:30"}', "schedule: Must be a list"),
        (b'{"type":"instrument","symbol":"X","state":"OPEN"}', "state: Unknown field."),
        (b'{"type":"state"}', "symbol: Missing.; state: Missing."),
        (b'{"type":"state","symbol":"X","state":"AUCTION"}', "state: Must be one of: OPEN, PRE_OPEN, HALTED, CLOSED."),
        (b'{"type":"risk_limits","max_position":1}', "user_id: Missing."),
        (b'{"type":"risk_limits","user_id":"u1","max_open_orders":1.5}', "max_open_orders: Must be a whole number"),
        (b'{"type":"disable_user"}', "user_id: Missing."),
        (b'{"type":"enable_user","user_id":""}', "user_id: Must be a string"),
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
