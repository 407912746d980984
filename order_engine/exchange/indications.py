"""What each auction would trade now: computed once after each change of a book, and less often for large books."""

import time
from collections.abc import Callable
from typing import NamedTuple

from order_engine.matching.auction import indicate
from order_engine.matching.commands import SessionState
from order_engine.matching.order_book import OrderBook

INTERVAL_NS = 100_000_000
LEVELS_ALWAYS_FRESH = 200
"""With at most this many levels in both sides an indication is cheap, and always of the book's last change."""


class Indicated(NamedTuple):
    """The price and quantity that an auction would trade now, in units of 10^-8.

    ``imbalance_e8`` is how much more there is to buy than to sell.
    """

    price_e8: int
    quantity_e8: int
    imbalance_e8: int


class _Kept(NamedTuple):
    book: OrderBook
    call_changes: int
    made_at_ns: int
    indicated: Indicated | None


class Indications:
    """Keeps the last indication of each book. That of a large book may be as old as ``INTERVAL_NS``."""

    def __init__(self, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock_ns = clock_ns
        self._kept: dict[str, _Kept] = {}

    def of(self, book: OrderBook) -> Indicated | None:
        """Return what an auction would trade; None if the book is in no call, or neither crossed nor locked."""
        symbol = book.instrument.symbol
        if book.state is not SessionState.PRE_OPEN:
            self._kept.pop(symbol, None)
            return None
        kept = self._kept.get(symbol)
        # A symbol that was delisted may be listed again with another book.
        if (
            kept is None
            or kept.book is not book
            or (kept.call_changes != book.call_changes and self._may_look_again(kept, book))
        ):
            kept = self._kept[symbol] = _Kept(book, book.call_changes, self._clock_ns(), _indicated(book))
        return kept.indicated

    def _may_look_again(self, kept: _Kept, book: OrderBook) -> bool:
        if len(book.bids.levels) + len(book.asks.levels) <= LEVELS_ALWAYS_FRESH:
            return True
        return self._clock_ns() - kept.made_at_ns >= INTERVAL_NS


def _indicated(book: OrderBook) -> Indicated | None:
    indication = indicate(book)
    if indication is None:
        return None
    tick, lot = book.instrument.tick_size_e8, book.instrument.lot_size_e8
    price_ticks, quantity_lots, imbalance_lots = indication
    return Indicated(price_ticks * tick, quantity_lots * lot, imbalance_lots * lot)
