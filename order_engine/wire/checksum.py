"""The checksum of a book's best levels, from the strings that its messages have. Client and server compute it alike."""

from collections.abc import Iterable
from zlib import crc32

from order_engine.wire.units import DECIMALS_MAX

CHECKED_LEVELS_MAX = 10


def book_checksum(
    bids: Iterable[tuple[str, str, int]], asks: Iterable[tuple[str, str, int]], levels_max: int = CHECKED_LEVELS_MAX
) -> int:
    """Return the CRC32 over the best 10 levels, or ``levels_max`` if that is less: asks, then bids, best first.

    Each level is its price, then its quantity with 8 decimals, both without point and leading zeros.
    """
    checked = min(levels_max, CHECKED_LEVELS_MAX)
    return crc32("".join([*_digits(asks, checked), *_digits(bids, checked)]).encode())


def _digits(levels: Iterable[tuple[str, str, int]], count: int) -> Iterable[str]:
    for _, (price, quantity, _) in zip(range(count), levels, strict=False):
        whole, _, decimals = quantity.partition(".")
        yield price.replace(".", "").lstrip("0")
        yield (whole + decimals.ljust(DECIMALS_MAX, "0")).lstrip("0")
