"""Form: the checks that need only the message itself, the same for REST and NDJSON. See the rulebook, Form.

``PLACE_FIELDS``, ``AMEND_FIELDS`` and so on give the parser of each field. ``command_of`` turns parsed fields into a
command; ``place_order`` also refuses terms that do not go together. To add a field to a request, begin here.
"""

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from functools import cache, lru_cache, partial
from typing import Any, TypeVar

from msgspec import Struct

from order_engine.matching.commands import (
    AmendOrder,
    Command,
    OrderType,
    PlaceOrder,
    SelfTradePrevention,
    SessionState,
    SetInstrument,
    Side,
    TimeInForce,
)
from order_engine.wire.field_names import OTHER_NAMES, unknown_name
from order_engine.wire.identifiers import (
    parse_choice,
    parse_flag,
    parse_identifier,
    parse_name,
    parse_order_id,
    parse_symbol,
    parse_trader,
)
from order_engine.wire.order_terms import Errors, wrong_terms
from order_engine.wire.schedules import parse_schedule
from order_engine.wire.timestamps import parse_rfc_3339
from order_engine.wire.units import parse_amount, parse_count, parse_positive_amount

CACHE_SIZE = 8_192
USERS_REMEMBERED = 32_768
HINTS_MAX = 3

Parser = Callable[[object], object]
AnyCommand = TypeVar("AnyCommand", bound=Command)
Fields = dict[str, Any]  # Any: each value has the type that its field's parser returns


class OrderKind(StrEnum):
    """The order types of requests; IOC and FOK mean LIMIT with that time in force."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"
    IOC = "IOC"
    FOK = "FOK"


ORDER_TYPES: Mapping[OrderKind, OrderType] = {OrderKind(order_type): order_type for order_type in OrderType}


class FormError(ValueError):
    """An invalid message; ``errors`` maps each wrong field to its messages."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(errors)
        self.errors = errors

    def __str__(self) -> str:
        """Name every wrong field."""
        return "; ".join(f"{field}: {' '.join(messages)}" for field, messages in self.errors.items())


def _cached(parser: Parser, values_max: int = CACHE_SIZE) -> Parser:
    """Remember what strings and integers meant: the same prices, symbols and words come again and again.

    Equal ones give one object, so that a million live orders share it.
    """
    cached = lru_cache(maxsize=values_max)(parser)

    def parse(value: object) -> object:
        return cached(value) if type(value) is str or type(value) is int else parser(value)

    return parse


SYMBOL = _cached(parse_symbol)
TRADER = _cached(parse_trader, USERS_REMEMBERED)
SIDE = _cached(partial(parse_choice, Side))
AMOUNT = _cached(parse_amount)
POSITIVE_AMOUNT = _cached(parse_positive_amount)

PLACE_FIELDS: Mapping[str, Parser] = {
    "user_id": TRADER,
    "symbol": SYMBOL,
    "side": SIDE,
    "quantity": POSITIVE_AMOUNT,
    "price": POSITIVE_AMOUNT,
    "type": _cached(partial(parse_choice, OrderKind)),
    "time_in_force": _cached(partial(parse_choice, TimeInForce)),
    "post_only": parse_flag,
    "display_quantity": POSITIVE_AMOUNT,
    "stop_price": POSITIVE_AMOUNT,
    "trail_amount": POSITIVE_AMOUNT,
    "expire_at": parse_rfc_3339,
    "self_trade_prevention": _cached(partial(parse_choice, SelfTradePrevention)),
    "client_order_id": parse_order_id,
}
PLACE_REQUIRED = ("symbol", "side", "quantity")
_AMENDABLE = [name.removesuffix("_e8") for name in AmendOrder.__struct_fields__ if name.endswith("_e8")]
AMEND_FIELDS: Mapping[str, Parser] = {name: PLACE_FIELDS[name] for name in _AMENDABLE} | {"quantity": AMOUNT}
CANCEL_FIELDS: Mapping[str, Parser] = {"order_id": parse_order_id, "symbol": SYMBOL}
CANCEL_ALL_FIELDS: Mapping[str, Parser] = {"user_id": parse_identifier, "symbol": SYMBOL, "side": SIDE}
INSTRUMENT_FIELDS: Mapping[str, Parser] = {
    "symbol": SYMBOL,
    "tick_size": parse_positive_amount,
    "lot_size": parse_positive_amount,
    "price_band_percent": parse_amount,
    "circuit_breaker_percent": parse_amount,
    "reference_price": parse_positive_amount,
    "self_trade_prevention": partial(parse_choice, SelfTradePrevention),
    "schedule": parse_schedule,
    "name": parse_name,
    "base": SYMBOL,
    "quote": SYMBOL,
    "min_price": parse_positive_amount,
    "max_price": parse_positive_amount,
    "min_quantity": parse_positive_amount,
    "max_quantity": parse_positive_amount,
    "min_notional": parse_positive_amount,
}
CLEARABLE = frozenset(INSTRUMENT_FIELDS) - {"symbol", "tick_size", "lot_size"}
"""The terms of an instrument that null takes away."""
STATE_FIELDS: Mapping[str, Parser] = {"symbol": SYMBOL, "state": partial(parse_choice, SessionState)}
SETTLE_FIELDS: Mapping[str, Parser] = {"symbol": SYMBOL, "price": AMOUNT}
DELIST_FIELDS: Mapping[str, Parser] = {"symbol": SYMBOL}
RISK_LIMITS_FIELDS: Mapping[str, Parser] = {
    "user_id": parse_identifier,
    "max_order_quantity": parse_amount,
    "max_order_notional": parse_amount,
    "max_open_orders": parse_count,
    "max_position": parse_amount,
}
USER_FIELDS: Mapping[str, Parser] = {"user_id": parse_identifier}


def read_fields(
    message: Mapping[str, object],
    parsers: Mapping[str, Parser],
    required: Collection[str] = (),
    hints_max: int = HINTS_MAX,
    clearable: Collection[str] = (),
) -> Fields:
    """Parse every field of a message; null means absent, save where it takes a term away: then it is None.

    Raise ``FormError`` that names every wrong field.

    A field that was sent under one of its other names is returned under its own. The first ``hints_max`` unknown fields
    are told with the nearest known name, which takes time to find.
    """
    fields: Fields = {}
    errors: Errors = {}
    for sent, value in message.items():
        name = sent if sent in parsers else OTHER_NAMES.get(sent, "")
        parser = parsers.get(name)
        if parser is None:
            errors[sent] = [unknown_name(sent, parsers) if len(errors) < hints_max else "Unknown field."]
        elif name != sent and name in message:
            errors[sent] = [f"Another name for {name}: send only one of them."]
        elif value is not None:
            try:
                fields[name] = parser(value)
            except ValueError as error:
                errors[sent] = [str(error)]
        elif name in clearable:
            fields[name] = None
    for name in required:
        if name not in fields and name not in errors and not _was_wrong_under_another_name(name, errors):
            errors[name] = ["Missing."]
    if errors:
        raise FormError(errors)
    return fields


def _was_wrong_under_another_name(name: str, errors: Errors) -> bool:
    return any(OTHER_NAMES.get(sent) == name for sent in errors)


def place_order(fields: Fields) -> PlaceOrder:
    """Build the command from fields parsed by ``PLACE_FIELDS``, and the caller's ``order_id`` if there is one."""
    kind: OrderKind = fields.get("type", OrderKind.LIMIT)
    order_type, time_in_force = _instructions(kind, fields.get("time_in_force"))
    errors = wrong_terms(order_type, time_in_force, fields)
    if errors:
        raise FormError(errors)
    return command_of(PlaceOrder, fields, order_type=order_type, time_in_force=time_in_force)


def amend_order(fields: Fields, **named: str | None) -> AmendOrder:
    """Build the command from fields parsed by ``AMEND_FIELDS``; ``named`` says which order it is."""
    if not fields:
        raise FormError({"quantity": [f"Name at least one of: {', '.join(AMEND_FIELDS)}."]})
    return command_of(AmendOrder, fields, **named)


def set_instrument(fields: Fields) -> SetInstrument:
    """Build the command from fields parsed by ``INSTRUMENT_FIELDS``; a term that is None is taken away."""
    named = {name: value for name, value in fields.items() if value is not None}
    attributes = _attributes_of(SetInstrument)
    return command_of(SetInstrument, named, cleared=tuple(sorted(attributes[name] for name in fields.keys() - named)))


def command_of(kind: Callable[..., AnyCommand], fields: Fields, **given: object) -> AnyCommand:
    """Build a command from its parsed fields, with some attributes given; what is absent has the command's default."""
    attributes = _attributes_of(kind)
    return kind(**{attributes[name]: value for name, value in fields.items()} | given)


@cache
def _attributes_of(kind: type[Struct]) -> Mapping[str, str]:
    """Map the fields of requests to the attributes of a command, whose names end in their unit."""
    attributes = {name.removesuffix("_e8").removesuffix("_ns"): name for name in kind.__struct_fields__}
    return attributes | {"type": "order_type"}


def _instructions(kind: OrderKind, named: TimeInForce | None) -> tuple[OrderType, TimeInForce]:
    order_type = ORDER_TYPES.get(kind)
    if order_type is not None:
        return order_type, named or TimeInForce.GTC
    meant = TimeInForce(kind)
    if named not in (None, meant):
        raise FormError({"time_in_force": [f"Type {kind} means a LIMIT order with time in force {kind}."]})
    return OrderType.LIMIT, meant
