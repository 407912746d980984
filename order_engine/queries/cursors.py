"""Cursors: the position where a page ended, encoded so that clients send it back without parsing it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from order_engine.database.errors import CursorInvalid

_NUMBER_MAX = (1 << 63) - 1


def encode_cursor(kind: str, *position: int) -> str:
    """Encode the position of a page's last row, in a list of this kind."""
    text = ":".join((kind, *map(str, position)))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def trades_cursor(sequence: int, number: int) -> str:
    """Write down where the trades begin that are older than this one."""
    return encode_cursor("trades", sequence, number)


def decode_cursor(kind: str, cursor: str, length: int) -> tuple[int, ...]:
    """Decode a cursor of ``length`` numbers; raise ``CursorInvalid`` if ``encode_cursor`` did not write it."""
    try:
        found_kind, *numbers = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode().split(":")
        position = tuple(int(number) for number in numbers)
    except ValueError:
        raise CursorInvalid("not a cursor of this list") from None
    fits = found_kind == kind and len(position) == length and all(0 <= number <= _NUMBER_MAX for number in position)
    # Accept only the exact text of ``encode_cursor``, and no other spelling of the same numbers.
    if not fits or encode_cursor(kind, *position) != cursor:
        raise CursorInvalid("not a cursor of this list")
    return position
