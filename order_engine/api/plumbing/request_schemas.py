"""Schemas of requests for the OpenAPI document: marshmallow schemas made from the forms.

``JSON_SCHEMAS`` describes each field by its name; ``SCHEMAS_OF_FORMS`` holds what one form describes differently. The
schemas only document: the parsers in ``wire`` read the requests.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from order_engine.api.plumbing.forms import (
    ACCEPT_CLOCK,
    AMEND_ORDER,
    BATCH_LENGTH_MAX,
    CANCEL_ORDER,
    CHANGE_INSTRUMENT,
    CURSOR_LENGTH_MAX,
    FEED_SIZES,
    INTERVAL_DEFAULT,
    LEVELS_DEFAULT,
    LEVELS_MAX,
    LIMIT_DEFAULT,
    LIMIT_MAX,
    LIST_INSTRUMENT,
    LIVE,
    MARKETS_MAX,
    PLACE_BATCH,
    PLACE_ORDER,
    SET_RISK_LIMITS,
    SET_STATE,
    SETTLE,
    Form,
)
from order_engine.market_data.candles import INTERVALS
from order_engine.matching.commands import SelfTradePrevention, SessionState, Side, TimeInForce
from order_engine.matching.events import OrderStatus
from order_engine.wire.form import OrderKind
from order_engine.wire.identifiers import INTEGER_MAX, NAME_LENGTH_MAX
from order_engine.wire.timestamps import NS_PER_MS, TIMESTAMP_NS_MAX

JsonSchema = Mapping[str, Any]  # Any: JSON


def _any_case(words: Iterable[str]) -> str:
    patterns = (
        "".join(f"[{letter}{letter.lower()}]" if letter.isalpha() else letter for letter in word) for word in words
    )
    return f"^({'|'.join(patterns)})$"


SYMBOL: JsonSchema = {
    "type": "string",
    "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$",
    "description": "An instrument's symbol; lower case is converted to upper case.",
    "example": "AAPL",
}
IDENTIFIER: JsonSchema = {
    "type": "string",
    "pattern": "^[!-~]{1,64}$",
    "description": "1 to 64 printable ASCII characters without spaces.",
    "example": "user123",
}
POSITIVE_AMOUNT: JsonSchema = {
    "oneOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": 10_000_000_000},
        {"type": "string", "pattern": r"^\+?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,6})?$", "maxLength": 64},
    ],
    "description": "A decimal string or a JSON number, read exactly: more than 0, at most 10^10, at most 8 decimals.",
    "example": "150.50",
}
AMOUNT: JsonSchema = {
    "oneOf": [
        {"type": "number", "minimum": 0, "maximum": 10_000_000_000},
        {"type": "string", "pattern": r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,6})?$", "maxLength": 64},
    ],
    "description": "A decimal string or a JSON number, read exactly: at least 0, at most 10^10, at most 8 decimals.",
    "example": "100",
}
ORDER_ID: JsonSchema = {
    "type": "string",
    "pattern": "^[!-~]{1,40}$",
    "description": "1 to 40 printable ASCII characters without spaces.",
}
COUNT: JsonSchema = {"type": "integer", "minimum": 0, "maximum": 1_000_000_000}
TIME: JsonSchema = {"type": "string", "format": "date-time"}
MILLISECONDS_MAX = TIMESTAMP_NS_MAX // NS_PER_MS
MOMENT: JsonSchema = {"anyOf": [TIME, {"type": "integer", "minimum": 0, "maximum": MILLISECONDS_MAX}]}
TIME_OR_MILLISECONDS = "RFC 3339, or milliseconds since 1970."
SCHEDULE: JsonSchema = {
    "type": "array",
    "maxItems": 100,
    "items": {
        "type": "object",
        "properties": {
            "at": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"},
            "state": {"type": "string", "pattern": _any_case(SessionState.__members__)},
        },
        "required": ["at", "state"],
        "additionalProperties": False,
    },
    "description": "The states that the session enters every day, at times in UTC. An empty list: no schedule.",
    "example": [{"at": "09:30", "state": "OPEN"}, {"at": "16:00", "state": "CLOSED"}],
}
IDENTIFIERS = frozenset({"user_id", "order_id", "client_order_id"})
FLAG: JsonSchema = {"type": "boolean", "default": False}


def choice(words: Iterable[str], **more: object) -> JsonSchema:
    """Describe an enumeration whose words are accepted in any case."""
    listed = list(words)
    return {
        "type": "string",
        "pattern": _any_case(listed),
        "description": f"One of {', '.join(listed)}, in any case.",
        "example": listed[0],
        **more,
    }


def _counted(maximum: int, default: int) -> JsonSchema:
    return {"type": "integer", "minimum": 1, "maximum": maximum, "default": default}


_WORD_OF_STATUS = _any_case(OrderStatus.__members__)[1:-1]
JSON_SCHEMAS: Mapping[str, JsonSchema] = {
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
    "display_quantity": {
        **POSITIVE_AMOUNT,
        "description": "The part of an iceberg order that the book shows at a time.",
        "example": "10",
    },
    "stop_price": {**POSITIVE_AMOUNT, "description": "The last price that triggers a STOP or STOP_LIMIT order."},
    "trail_amount": {
        **POSITIVE_AMOUNT,
        "description": "The distance between a TRAILING_STOP's stop price and the best last price.",
        "example": "1.50",
    },
    "expire_at": {**TIME, "description": "When a GTD order expires. RFC 3339."},
    "self_trade_prevention": choice(SelfTradePrevention.__members__),
    "tick_size": {**POSITIVE_AMOUNT, "example": "0.01"},
    "lot_size": {**POSITIVE_AMOUNT, "example": "1"},
    "price_band_percent": {
        **AMOUNT,
        "description": "How far a limit price may be from the last price, in percent; 0 means no band.",
    },
    "circuit_breaker_percent": {
        **AMOUNT,
        "description": "How far the price may move before trading halts, in percent; 0 means no circuit breaker.",
    },
    "reference_price": {**POSITIVE_AMOUNT, "description": "Used as the last price until the first trade."},
    "schedule": SCHEDULE,
    "name": {"type": "string", "minLength": 1, "maxLength": NAME_LENGTH_MAX, "description": "What it is called."},
    "base": {**SYMBOL, "description": "What is bought and sold.", "example": "BTC"},
    "quote": {**SYMBOL, "description": "What prices are in.", "example": "USD"},
    "min_price": {**POSITIVE_AMOUNT, "description": "The lowest limit price.", "example": "0.01"},
    "max_price": {**POSITIVE_AMOUNT, "description": "The highest limit price.", "example": "0.99"},
    "min_quantity": {**POSITIVE_AMOUNT, "description": "The least quantity of an order.", "example": "1"},
    "max_quantity": {**POSITIVE_AMOUNT, "description": "The largest quantity of an order.", "example": "1000"},
    "min_notional": {**POSITIVE_AMOUNT, "description": "The least limit price times quantity.", "example": "5"},
    "state": choice(SessionState.__members__),
    "max_order_quantity": {**AMOUNT, "description": "The largest quantity of one order."},
    "max_order_notional": {
        **AMOUNT,
        "description": "The largest limit price times quantity of one order.",
        "example": "1e6",
    },
    "max_open_orders": {**COUNT, "description": "The largest number of live orders in a symbol.", "example": 50},
    "max_position": {**AMOUNT, "description": "The largest long or short position, open orders included."},
    "status": {
        "type": "string",
        "pattern": f"^({_any_case([LIVE])[1:-1]}|{_WORD_OF_STATUS}(,{_WORD_OF_STATUS})*)$",
        "description": f"One or several of {', '.join(OrderStatus)}, with commas between them; or live.",
        "example": LIVE,
    },
    "cursor": {"type": "string", "maxLength": CURSOR_LENGTH_MAX, "description": "`next_cursor` of the previous page."},
    "since": {**MOMENT, "description": f"From this time on: {TIME_OR_MILLISECONDS}"},
    "until": {**MOMENT, "description": f"Before this time: {TIME_OR_MILLISECONDS}"},
    "limit": _counted(LIMIT_MAX, LIMIT_DEFAULT),
    "interval": {"type": "string", "enum": list(INTERVALS), "default": INTERVAL_DEFAULT},
}
SCHEMAS_OF_FORMS: Mapping[str, Mapping[str, JsonSchema]] = {
    "AcceptClock": {"accept": {"type": "boolean", "enum": [True], "example": True}},
    "AmendOrder": {"quantity": {**AMOUNT, "description": "The new total quantity; 0 cancels the order."}},
    "BookFeed": {
        "levels": {"type": "integer", "enum": list(map(int, FEED_SIZES)), "default": LEVELS_DEFAULT},
        "orders": {
            "type": "integer",
            "enum": list(map(int, FEED_SIZES)),
            "description": "Show this many single orders of each side instead of levels.",
        },
    },
    "TradeFeed": {
        "since": {
            "type": "integer",
            "minimum": 0,
            "description": "The sequence of the last trade that the client has.",
        },
    },
    "Depth": {"levels": _counted(LEVELS_MAX, LEVELS_DEFAULT)},
    "Markets": {"limit": _counted(MARKETS_MAX, MARKETS_MAX)},
    "OrderBook": {"levels": _counted(LEVELS_MAX, LEVELS_MAX)},
    "Settle": {"price": {**AMOUNT, "description": "What one unit was worth in the end; 0 or more.", "example": "1"}},
    "PlaceOrder": {
        "user_id": {**IDENTIFIER, "description": f"{IDENTIFIER['description']} Not `*`, which is everybody."}
    },
}


class Strict(Schema):
    """A schema that refuses unknown fields."""

    class Meta:
        """Marshmallow's options."""

        unknown = RAISE


def json_schema(form: Form, name: str) -> JsonSchema:
    """Describe a field of a form."""
    return SCHEMAS_OF_FORMS.get(form.name, {}).get(name) or JSON_SCHEMAS[name]


def _in_body(form: Form, name: str) -> dict[str, Any]:  # Any: JSON
    described = dict(json_schema(form, name))
    if name in IDENTIFIERS:
        described.pop("type")
        text = {"type": "string", "pattern": described.pop("pattern")}
        described["oneOf"] = [text, {"type": "integer", "minimum": 0, "maximum": INTEGER_MAX}]
        described["description"] += " An integer is taken as its digits."
    return described if name in form.required else _or_null(described)


def _or_null(described: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
    """Allow null, which means that the field is absent."""
    notes: dict[str, Any] = {  # Any: JSON
        name: described.pop(name) for name in ("description", "example", "default") if name in described
    }
    return {"anyOf": [described, {"type": "null"}], **notes}


def _body_schema(form: Form) -> Schema:
    described: dict[str, fields.Field[Any]] = {  # Any: the type that the parser returns
        name: fields.Raw(required=name in form.required, metadata=_in_body(form, name)) for name in form.parsers
    }
    return Strict.from_dict({**described}, name=form.name)()


def _batch_schema(place_order: Schema) -> Schema:
    length = validate.Length(min=1, max=BATCH_LENGTH_MAX)
    orders = fields.List(fields.Nested(place_order), required=True, validate=length)
    return Strict.from_dict({"orders": orders}, name=PLACE_BATCH.name)()


_SINGLE_BODIES = (
    PLACE_ORDER,
    AMEND_ORDER,
    CANCEL_ORDER,
    LIST_INSTRUMENT,
    CHANGE_INSTRUMENT,
    SET_STATE,
    SETTLE,
    SET_RISK_LIMITS,
    ACCEPT_CLOCK,
)
BODY_SCHEMAS: dict[str, Schema] = {form.name: _body_schema(form) for form in _SINGLE_BODIES}
BODY_SCHEMAS[PLACE_BATCH.name] = _batch_schema(BODY_SCHEMAS[PLACE_ORDER.name])
"""The schemas of request bodies, by the name of their form."""
