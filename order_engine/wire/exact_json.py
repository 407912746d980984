"""JSON read exactly: numbers keep every digit, a name given twice is refused, and nesting has a bound."""

import json
from decimal import Decimal, DecimalException
from typing import Any

import msgspec

from order_engine.wire.form import FormError

Json = Any  # Any: whatever JSON can say

NESTING_MAX = 32
# 1,000 orders with every field have 20,000. Each value may need a hundred times as much memory as its bytes.
VALUES_MAX = 50_000


class NotJson(ValueError):
    """A text is not JSON, too long, or nested too deeply; the message is a sentence for the caller."""


def decode(text: bytes) -> Json:
    """Read a JSON document; raise ``NotJson``, or ``FormError`` that says which name was given twice."""
    if text.count(b",") > VALUES_MAX:
        raise NotJson(f"There may be {VALUES_MAX} values in it.")
    try:
        value = _decoder.decode(text)
        # Outside of strings each name has one colon; only where there are more can a name have been lost to another,
        # and with it what it names, however deep.
        if text.count(b":") > _names_in(value, NESTING_MAX):
            json.loads(text, object_pairs_hook=_refuse_names_given_twice, parse_float=str, parse_int=str)
    except FormError:
        raise
    except RecursionError as error:
        raise NotJson("Nested too deeply.") from error
    except ValueError as error:
        raise NotJson(f"Not JSON: {error}.") from error
    return value


def _exact(number: str) -> Decimal:
    try:
        return Decimal(number)
    except DecimalException:
        # Larger than Decimal can hold; the field it is in refuses infinity and is named.
        return Decimal("Infinity")


_decoder = msgspec.json.Decoder(float_hook=_exact)


def _names_in(value: Json, depth: int) -> int:
    """Count the names of all objects; whatever goes deeper than ``depth`` is a ``RecursionError``."""
    if depth == 0:
        raise RecursionError
    is_object = type(value) is dict
    if not is_object and type(value) is not list:
        return 0
    names = len(value) if is_object else 0
    for member in value.values() if is_object else value:
        kind = type(member)
        if kind is dict or kind is list:
            names += _names_in(member, depth - 1)
    return names


def _refuse_names_given_twice(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise FormError({name: ["Given more than once."]})
        seen.add(name)
