"""What may be asked: bodies and query parameters, as the marshmallow schemas that validate and document them."""

from collections.abc import Collection, Mapping
from functools import lru_cache, partial

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from order_engine.api.plumbing.fields import (
    AMOUNT,
    COUNT,
    FLAG,
    IDENTIFIER,
    ORDER_ID,
    POSITIVE_AMOUNT,
    SCHEDULE,
    SYMBOL,
    TIME,
    JsonSchema,
    Parsed,
    choice,
)
from order_engine.api.plumbing.problems import invalid
from order_engine.market_data.candles import INTERVALS
from order_engine.matching.commands import SelfTradePrevention, SessionState, Side, TimeInForce
from order_engine.matching.events import OrderStatus
from order_engine.wire.form import (
    AMEND_FIELDS,
    CANCEL_ALL_FIELDS,
    INSTRUMENT_FIELDS,
    PLACE_FIELDS,
    RISK_LIMITS_FIELDS,
    STATE_FIELDS,
    Fields,
    OrderKind,
    Parser,
)
from order_engine.wire.identifiers import parse_choice, parse_identifier, parse_order_id, parse_symbol
from order_engine.wire.timestamps import parse_rfc_3339

LIMIT_DEFAULT = 100
LIMIT_MAX = 1_000
LEVELS_DEFAULT = 10
LEVELS_MAX = 1_000
BATCH_LENGTH_MAX = 1_000
CURSOR_LENGTH_MAX = 256
INTERVAL_DEFAULT = "1m"

_JSON_SCHEMAS: Mapping[str, JsonSchema] = {
    "user_id": IDENTIFIER,
    "order_id": {**ORDER_ID, "example": "42"},
    "client_order_id": {**ORDER_ID, "example": "my-order-1"},
    "symbol": SYMBOL,
    "side": choice(Side.__members__),
    "quantity": POSITIVE_AMOUNT,
    "price": POSITIVE_AMOUNT,
    "type": choice(OrderKind.__members__, default="LIMIT"),
    "time_in_force": choice(TimeInForce.__members__, default="GTC"),
    "post_only": FLAG,
    "display_quantity": {**POSITIVE_AMOUNT, "description": "How much an iceberg shows at a time.", "example": "10"},
    "stop_price": {**POSITIVE_AMOUNT, "description": "The last price that triggers a STOP or STOP_LIMIT order."},
    "trail_amount": {**POSITIVE_AMOUNT, "description": "How far a TRAILING_STOP stays behind.", "example": "1.50"},
    "expire_at": {**TIME, "description": "When a GTD order ends. RFC 3339."},
    "self_trade_prevention": choice(SelfTradePrevention.__members__),
    "tick_size": {**POSITIVE_AMOUNT, "example": "0.01"},
    "lot_size": {**POSITIVE_AMOUNT, "example": "1"},
    "price_band_percent": {**AMOUNT, "description": "How far from the last price limits may be; 0: no band."},
    "circuit_breaker_percent": {
        **AMOUNT,
        "description": "How far the price may run until trading halts; 0: as it may.",
    },
    "reference_price": {**POSITIVE_AMOUNT, "description": "Stands in for the last price until something trades."},
    "schedule": SCHEDULE,
    "state": choice(SessionState.__members__),
    "max_order_quantity": {**AMOUNT, "description": "The most that one order may be for."},
    "max_order_notional": {
        **AMOUNT,
        "description": "The most that limit price times quantity may be.",
        "example": "1e6",
    },
    "max_open_orders": {**COUNT, "description": "How many orders may be live in a symbol.", "example": 50},
    "max_position": {**AMOUNT, "description": "The most that may be held or owed, open orders included."},
    "status": choice(OrderStatus.__members__),
    "cursor": {"type": "string", "maxLength": CURSOR_LENGTH_MAX, "description": "`next_cursor` of the page before."},
    "since": {**TIME, "description": "RFC 3339."},
    "interval": {"type": "string", "enum": list(INTERVALS), "default": INTERVAL_DEFAULT},
}


class Strict(Schema):
    """A message whose unknown fields are refused."""

    class Meta:
        """Marshmallow's own way to say it."""

        unknown = RAISE

    error_messages = {"unknown": "Unknown field.", "type": "Must be a JSON object."}  # noqa: RUF012 (marshmallow's way)


def _schema(
    name: str, parsers: Mapping[str, Parser], required: Collection[str] = (), **described: JsonSchema
) -> Schema:
    parsed = {
        field: Parsed(parser, described.get(field) or _JSON_SCHEMAS[field], required=field in required)
        for field, parser in parsers.items()
    }
    return Strict.from_dict({**parsed}, name=name)()


def _without(name: str, parsers: Mapping[str, Parser]) -> Mapping[str, Parser]:
    return {field: parser for field, parser in parsers.items() if field != name}


def _count(maximum: int, value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= maximum):
        raise ValueError(f"Must be a whole number from 1 to {maximum}.")
    return int(text)


def _interval(value: object) -> str:
    if value not in INTERVALS:
        raise ValueError(f"Must be one of: {', '.join(INTERVALS)}.")
    return str(value)


def _cursor(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= CURSOR_LENGTH_MAX:
        raise ValueError("Must be the next_cursor of the page before.")
    return value


def _counted(maximum: int, default: int) -> JsonSchema:
    return {"type": "integer", "minimum": 1, "maximum": maximum, "default": default}


_LIMIT = _counted(LIMIT_MAX, LIMIT_DEFAULT)
_PAGE: Mapping[str, Parser] = {"limit": partial(_count, LIMIT_MAX), "cursor": _cursor}
_ORDER_FILTERS: Mapping[str, Parser] = {
    "symbol": parse_symbol,
    "status": partial(parse_choice, OrderStatus),
    "client_order_id": parse_order_id,
    **_PAGE,
}

PLACE_ORDER = _schema("PlaceOrder", PLACE_FIELDS, required=("user_id", "symbol", "side", "quantity"))
AMEND_ORDER = _schema("AmendOrder", AMEND_FIELDS, quantity={**AMOUNT, "description": "The new total; 0 cancels."})
CANCEL_ORDER = _schema("CancelOrder", {"order_id": parse_order_id, "symbol": parse_symbol}, required=("order_id",))
CANCEL_ALL = _schema("CancelAll", CANCEL_ALL_FIELDS, required=("user_id",))
LIST_INSTRUMENT = _schema("ListInstrument", INSTRUMENT_FIELDS, required=("symbol",))
CHANGE_INSTRUMENT = _schema("ChangeInstrument", _without("symbol", INSTRUMENT_FIELDS))
SET_STATE = _schema("SetState", _without("symbol", STATE_FIELDS), required=("state",))
SET_RISK_LIMITS = _schema("SetRiskLimits", _without("user_id", RISK_LIMITS_FIELDS))
PLACE_BATCH = Strict.from_dict(
    {
        "orders": fields.List(
            fields.Nested(PLACE_ORDER), required=True, validate=validate.Length(min=1, max=BATCH_LENGTH_MAX)
        )
    },
    name="PlaceBatch",
)()
NOTHING = _schema("Nothing", {})
OF_SYMBOL = _schema("OfSymbol", {"symbol": parse_symbol})
OF_USER = _schema("OfUser", {"user_id": parse_identifier, "symbol": parse_symbol}, required=("user_id",))
USER_ORDERS = _schema("UserOrders", _ORDER_FILTERS, limit=_LIMIT)
ORDERS = _schema("Orders", {"user_id": parse_identifier, **_ORDER_FILTERS}, limit=_LIMIT)
TRADES = _schema(
    "Trades",
    {
        "symbol": parse_symbol,
        "user_id": parse_identifier,
        "order_id": parse_order_id,
        "since": parse_rfc_3339,
        **_PAGE,
    },
    limit=_LIMIT,
)
CANDLES = _schema("Candles", {"interval": _interval, "limit": partial(_count, LIMIT_MAX)}, limit=_LIMIT)
DEPTH = _schema("Depth", {"levels": partial(_count, LEVELS_MAX)}, levels=_counted(LEVELS_MAX, LEVELS_DEFAULT))
ORDER_BOOK = _schema("OrderBook", {"levels": partial(_count, LEVELS_MAX)}, levels=_counted(LEVELS_MAX, LEVELS_MAX))

PATH_PARSERS: Mapping[str, Parser] = {
    "order_id": parse_order_id,
    "client_order_id": parse_order_id,
    "user_id": parse_identifier,
    "symbol": parse_symbol,
}
PATH_JSON_SCHEMAS: Mapping[str, JsonSchema] = {name: _JSON_SCHEMAS[name] for name in PATH_PARSERS}


def read(schema: Schema, message: object) -> Fields:
    """Read a message by a schema, or raise the problem that names every wrong field."""
    # What nobody knows is held against the whole schema: only names of ours may be remembered.
    if isinstance(message, dict) and message.keys() <= schema.load_fields.keys():
        schema = _narrowed(type(schema), frozenset(message))
    try:
        fields_read: Fields = schema.load(message)  # type: ignore[arg-type]  # a message of any type is refused by name
        return fields_read
    except ValidationError as error:
        # Marshmallow's frames hold the error that holds them: a circle, which would keep the whole message for long.
        error.__traceback__ = None
        raise invalid(error.messages_dict) from error


@lru_cache(maxsize=256)
def _narrowed(schema: type[Schema], names: frozenset[str]) -> Schema:
    """Make a schema of just the fields that a message has: each field that is not there costs a microsecond.

    A message that lacks what is required is held against the whole schema, which says so.
    """
    whole = schema()
    required = {name for name, field in whole.load_fields.items() if field.required}
    return schema(only=names) if required <= names else whole
