"""Reads JSON exactly: numbers keep every digit; duplicate names and deep nesting are refused."""

import json
from decimal import Decimal, DecimalException
from typing import Any

import msgspec

from order_engine.wire.form import FormError

Json = Any  # Any: any JSON value

NESTING_MAX = 32
# 1,000 orders with every field have 20,000. Each value may need a hundred times as much memory as its bytes.
VALUES_MAX = 50_000


class NotJson(ValueError):
    """A text is not JSON, too long, or nested too deeply; the message is a sentence for the caller."""


def decode(text: bytes) -> Json:
    """Parse a JSON document; raise ``NotJson``, or ``FormError`` that names a duplicate name."""
    # Each value but the first of a list or an object has a comma; each list and each object has a bracket.
    if text.count(b",") + text.count(b"[") + text.count(b"{") > VALUES_MAX:
        raise NotJson(f"There may be {VALUES_MAX} values in it.")
    try:
        value = _decoder.decode(text)
        # Each name has one colon. More colons than names mean that a string contains one, or that msgspec dropped a
        # duplicate name together with its value; then the slower parser looks for duplicates.
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
        # Too large for Decimal. The parser of the field refuses infinity and names the field.
        return Decimal("Infinity")


_decoder = msgspec.json.Decoder(float_hook=_exact)


def _names_in(value: Json, depth: int) -> int:
    """Count the names of all objects; raise ``RecursionError`` if the value is nested deeper than ``depth``."""
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
