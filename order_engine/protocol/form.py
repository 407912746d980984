"""Form: what a message alone decides, whichever way it came in. See the rulebook, Form.

``PLACE_FIELDS``, ``AMEND_FIELDS`` and so on say how each field is read; the functions below turn fields that were
read into commands and refuse instructions that do not go together. REST schemas and NDJSON streams share all of it.
"""

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from functools import partial
from typing import Any

from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    OrderType,
    PlaceOrder,
    SetInstrument,
    Side,
    TimeInForce,
)
from order_engine.protocol.identifiers import parse_choice, parse_flag, parse_identifier, parse_symbol
from order_engine.protocol.units import parse_amount, parse_positive_amount

Parser = Callable[[object], object]
Fields = dict[str, Any]  # Any: each value has the type that its field's parser returns
Errors = dict[str, list[str]]


class OrderKind(StrEnum):
    """What a request may call its order's type; IOC and FOK are short for LIMIT with that time in force."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    IOC = "IOC"
    FOK = "FOK"


class FormError(ValueError):
    """A message of wrong form; ``errors`` says for each field what is wrong with it."""

    def __init__(self, errors: Errors) -> None:
        super().__init__("; ".join(f"{field}: {' '.join(messages)}" for field, messages in errors.items()))
        self.errors = errors


PLACE_FIELDS: Mapping[str, Parser] = {
    "user_id": parse_identifier,
    "symbol": parse_symbol,
    "side": partial(parse_choice, Side),
    "quantity": parse_positive_amount,
    "price": parse_positive_amount,
    "type": partial(parse_choice, OrderKind),
    "time_in_force": partial(parse_choice, TimeInForce),
    "post_only": parse_flag,
    "client_order_id": parse_identifier,
}
AMEND_FIELDS: Mapping[str, Parser] = {"price": parse_positive_amount, "quantity": parse_amount}
CANCEL_ALL_FIELDS: Mapping[str, Parser] = {
    "user_id": parse_identifier,
    "symbol": parse_symbol,
    "side": partial(parse_choice, Side),
}
INSTRUMENT_FIELDS: Mapping[str, Parser] = {
    "symbol": parse_symbol,
    "tick_size": parse_positive_amount,
    "lot_size": parse_positive_amount,
}


def read_fields(message: Mapping[str, object], parsers: Mapping[str, Parser], required: Collection[str] = ()) -> Fields:
    """Read every field of a message by its parser; null means absent. Raise ``FormError`` naming every wrong field."""
    fields: Fields = {}
    errors: Errors = {}
    for name, value in message.items():
        parser = parsers.get(name)
        if parser is None:
            errors[name] = ["Unknown field."]
        elif value is not None:
            try:
                fields[name] = parser(value)
            except ValueError as error:
                errors[name] = [str(error)]
    errors |= {name: ["Missing."] for name in required if name not in fields and name not in errors}
    if errors:
        raise FormError(errors)
    return fields


def place_order(fields: Fields, order_id: str | None = None) -> PlaceOrder:
    """Make the command of fields read by ``PLACE_FIELDS``."""
    kind: OrderKind = fields.get("type", OrderKind.LIMIT)
    time_in_force = _time_in_force(kind, fields.get("time_in_force"))
    order_type = OrderType.MARKET if kind is OrderKind.MARKET else OrderType.LIMIT
    errors: Errors = {}
    if order_type is OrderType.LIMIT and "price" not in fields:
        errors["price"] = ["A LIMIT order needs a price."]
    if order_type is OrderType.MARKET and "price" in fields:
        errors["price"] = ["A MARKET order takes no price."]
    if fields.get("post_only") and (order_type is OrderType.MARKET or time_in_force is not TimeInForce.GTC):
        errors["post_only"] = ["Only a LIMIT order that may rest can be post-only."]
    if errors:
        raise FormError(errors)
    return PlaceOrder(
        order_id=order_id,
        user_id=fields.get("user_id"),
        client_order_id=fields.get("client_order_id"),
        symbol=fields["symbol"],
        side=fields["side"],
        quantity_e8=fields["quantity"],
        price_e8=fields.get("price"),
        order_type=order_type,
        time_in_force=time_in_force,
        post_only=fields.get("post_only", False),
    )


def amend_order(
    fields: Fields,
    *,
    order_id: str | None = None,
    user_id: str | None = None,
    client_order_id: str | None = None,
    symbol: str | None = None,
) -> AmendOrder:
    """Make the command of fields read by ``AMEND_FIELDS``, for the order named one way or the other."""
    if not fields:
        raise FormError({"quantity": [f"Name at least one of: {', '.join(AMEND_FIELDS)}."]})
    return AmendOrder(
        order_id=order_id,
        user_id=user_id,
        client_order_id=client_order_id,
        symbol=symbol,
        price_e8=fields.get("price"),
        quantity_e8=fields.get("quantity"),
    )


def cancel_all(fields: Fields) -> CancelAll:
    """Make the command of fields read by ``CANCEL_ALL_FIELDS``."""
    return CancelAll(user_id=fields["user_id"], symbol=fields.get("symbol"), side=fields.get("side"))


def set_instrument(fields: Fields) -> SetInstrument:
    """Make the command of fields read by ``INSTRUMENT_FIELDS``."""
    return SetInstrument(
        symbol=fields["symbol"], tick_size_e8=fields.get("tick_size"), lot_size_e8=fields.get("lot_size")
    )


def _time_in_force(kind: OrderKind, named: TimeInForce | None) -> TimeInForce:
    if kind not in (OrderKind.IOC, OrderKind.FOK):
        return named or TimeInForce.GTC
    meant = TimeInForce(kind)
    if named not in (None, meant):
        raise FormError({"time_in_force": [f"Type {kind} means a LIMIT order with time in force {kind}."]})
    return meant
