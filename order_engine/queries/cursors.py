"""Cursors: where a page ended, in a form that clients hand back and do not read."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from order_engine.database.errors import CursorInvalid

_NUMBER_MAX = (1 << 63) - 1


def encode_cursor(kind: str, *position: int) -> str:
    """Write down the position of the last row of a page in the list of this kind."""
    text = ":".join((kind, *map(str, position)))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(kind: str, cursor: str, length: int) -> tuple[int, ...]:
    """Read the position of ``length`` numbers that ``encode_cursor`` wrote; anything else is ``CursorInvalid``."""
    try:
        found_kind, *numbers = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode().split(":")
        position = tuple(int(number) for number in numbers)
    except ValueError:
        raise CursorInvalid("not a cursor of this list") from None
    fits = found_kind == kind and len(position) == length and all(0 <= number <= _NUMBER_MAX for number in position)
    # Only what was handed out is taken back: other spellings of the same numbers are not.
    if not fits or encode_cursor(kind, *position) != cursor:
        raise CursorInvalid("not a cursor of this list")
    return position
