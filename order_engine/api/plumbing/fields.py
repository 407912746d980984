"""Marshmallow fields that read by the protocol's parsers, each with the JSON Schema that documents it.

So a rule about form has one place, whichever way a message comes in, and what ``/openapi.json`` says is about the
same field that validates.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import ValidationError, fields, missing

from order_engine.matching.commands import SessionState

JsonSchema = Mapping[str, Any]  # Any: JSON


def _any_case(words: Iterable[str]) -> str:
    patterns = (
        "".join(f"[{letter}{letter.lower()}]" if letter.isalpha() else letter for letter in word) for word in words
    )
    return f"^({'|'.join(patterns)})$"


SYMBOL: JsonSchema = {
    "type": "string",
    "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$",
    "description": "An instrument's symbol; lower case is folded up.",
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
    "description": "The states that the session enters every day, and at what times, UTC. An empty list: no schedule.",
    "example": [{"at": "09:30", "state": "OPEN"}, {"at": "16:00", "state": "CLOSED"}],
}
FLAG: JsonSchema = {"type": "boolean", "default": False}


def choice(words: Iterable[str], **more: object) -> JsonSchema:
    """Describe one of some words, taken in any case."""
    listed = list(words)
    return {
        "type": "string",
        "pattern": _any_case(listed),
        "description": f"One of {', '.join(listed)}, in any case.",
        "example": listed[0],
        **more,
    }


class Parsed(fields.Field[Any]):  # Any: whatever the parser returns
    """A field read by a parser that raises ``ValueError`` with a sentence for the caller. Null means absent."""

    default_error_messages = {"required": "Missing."}  # noqa: RUF012 (marshmallow's own way to say it)

    def __init__(self, parse: Callable[[object], object], json_schema: JsonSchema, *, required: bool = False) -> None:
        super().__init__(required=required)
        self.parse = parse
        self.json_schema = dict(json_schema)

    def deserialize(self, value: Any, *_: Any, **__: Any) -> Any:  # Any: marshmallow's signature
        """Read the value, or say that it is not there."""
        if value is missing or value is None:
            if self.required:
                raise self.make_error("required")
            return missing
        try:
            return self.parse(value)
        except ValueError as error:
            raise ValidationError(str(error)) from error
