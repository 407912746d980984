"""The checksum of a book's best levels, from the strings that its messages have. Client and server compute it alike."""

from collections.abc import Iterable
from itertools import islice
from zlib import crc32

from order_engine.wire.units import DECIMALS_MAX

CHECKED_MAX = 10


def book_checksum(bids: Iterable[tuple[str, str, int]], asks: Iterable[tuple[str, str, int]]) -> int:
    """Return the CRC32 over the best 10 levels of those shown: asks, then bids, best first.

    Each level is its price, then its quantity with 8 decimals, both without point and leading zeros.
    """
    best = (level for side in (asks, bids) for level in islice(side, CHECKED_MAX))
    return _crc32_of(_digits(price, quantity) for price, quantity, _ in best)


def orders_checksum(bids: Iterable[tuple[str, str, str]], asks: Iterable[tuple[str, str, str]]) -> int:
    """Return the same over single orders: each is its id, then price and quantity as in a level."""
    best = (order for side in (asks, bids) for order in islice(side, CHECKED_MAX))
    return _crc32_of(order_id + _digits(price, quantity) for order_id, price, quantity in best)


def _crc32_of(texts: Iterable[str]) -> int:
    return crc32("".join(texts).encode())


def _digits(price: str, quantity: str) -> str:
    whole, _, decimals = quantity.partition(".")
    return price.replace(".", "").lstrip("0") + (whole + decimals.ljust(DECIMALS_MAX, "0")).lstrip("0")
