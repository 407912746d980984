"""Parsers of names and words: symbols, identifiers, flags, enumerations."""

import re
from enum import StrEnum
from typing import TypeVar

from order_engine.matching.accounts import EVERYBODY

IDENTIFIER_LENGTH_MAX = 64
ORDER_ID_LENGTH_MAX = 40
NAME_LENGTH_MAX = 100
INTEGER_MAX = 2**63 - 1

_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}", re.ASCII)

Choice = TypeVar("Choice", bound=StrEnum)


def parse_symbol(value: object) -> str:
    """Parse an instrument's symbol; lower case is converted to upper case."""
    symbol = value.upper() if isinstance(value, str) and value.isascii() else ""
    if not _SYMBOL.fullmatch(symbol):
        raise ValueError("Must be 1 to 32 of A-Z, 0-9, '.', '_', '-', beginning with a letter or a digit.")
    return symbol


def parse_name(value: object) -> str:
    """Parse what an instrument is called: 1 to 100 printable characters of any language."""
    if not (isinstance(value, str) and 0 < len(value) <= NAME_LENGTH_MAX and value.isprintable()):
        raise ValueError(f"Must be a string of 1 to {NAME_LENGTH_MAX} printable characters.")
    return value


def parse_identifier(value: object) -> str:
    """Parse a user's id: 1 to 64 printable ASCII characters without spaces, or a JSON integer from 0."""
    return _printable(value, IDENTIFIER_LENGTH_MAX)


def parse_trader(value: object) -> str:
    """Parse the id of a user who places an order; ``*`` is everybody."""
    user_id = parse_identifier(value)
    if user_id == EVERYBODY:
        raise ValueError(f"'{EVERYBODY}' stands for everybody; nobody places orders under it.")
    return user_id


def parse_order_id(value: object) -> str:
    """Parse an order's id, ours or the client's, as ``parse_identifier`` does, but with at most 40 characters."""
    return _printable(value, ORDER_ID_LENGTH_MAX)


def parse_choice(choices: type[Choice], value: object) -> Choice:
    """Parse a member of an enumeration, in any case."""
    if isinstance(value, str):
        choice = choices.__members__.get(value.upper())
        if choice is not None:
            return choice
    raise ValueError(f"Must be one of: {', '.join(choices.__members__)}.")


def parse_flag(value: object) -> bool:
    """Parse ``true`` or ``false``."""
    if not isinstance(value, bool):
        raise ValueError("Must be true or false.")
    return value


def _printable(value: object, length_max: int) -> str:
    # These tests are faster than a regular expression.
    if (
        isinstance(value, str)
        and 0 < len(value) <= length_max
        and value.isascii()
        and value.isprintable()
        and " " not in value
    ):
        return value
    if type(value) is int and 0 <= value <= INTEGER_MAX:
        return str(value)
    raise ValueError(f"Must be a string of 1 to {length_max} printable ASCII characters without spaces.")
