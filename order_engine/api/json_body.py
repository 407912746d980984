"""Reading JSON exactly: numbers keep every digit, and a name given twice is refused rather than guessed at."""

import json
from collections.abc import Mapping
from decimal import Decimal, DecimalException
from typing import Any

import msgspec

from order_engine.api.problems import Problem, invalid

Json = Any  # Any: whatever JSON can say

NESTING_MAX = 32


def _exact(number: str) -> Decimal:
    try:
        return Decimal(number)
    except DecimalException:
        # So large that not even Decimal holds it. Infinity is refused by whichever field it is in, which is then named.
        return Decimal("Infinity")


_decoder = msgspec.json.Decoder(float_hook=_exact)


def decode(payload: bytes) -> Json:
    """Read a JSON document, or raise the problem with it."""
    try:
        value = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise Problem("malformed_request", f"The body is not JSON: {error}.") from error
    except RecursionError as error:
        raise Problem("malformed_request", "The body is nested too deeply.") from error
    names = _names_in(value, NESTING_MAX)
    # Outside of strings each name has one colon; only where there are more can a name have been lost to another.
    if payload.count(b":") > names:
        json.loads(payload, object_pairs_hook=_refuse_duplicates, parse_float=Decimal, parse_int=str)
    return value


def _names_in(value: Json, depth: int) -> int:
    if depth == 0:
        raise Problem("malformed_request", "The body is nested too deeply.")
    if isinstance(value, dict):
        names = len(value)
        for member in value.values():
            if isinstance(member, dict | list):
                names += _names_in(member, depth - 1)
        return names
    if isinstance(value, list):
        return sum(_names_in(member, depth - 1) for member in value if isinstance(member, dict | list))
    return 0


def _refuse_duplicates(pairs: list[tuple[str, Json]]) -> Mapping[str, Json]:
    seen: dict[str, Json] = {}
    for name, value in pairs:
        if name in seen:
            raise invalid({name: ["Given more than once."]})
        seen[name] = value
    return seen
