"""The forms in which a feed shows a book: level by level, or order by order."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from order_engine.feeds.hand_over import BOOK, ORDERS_OF_BOOK
from order_engine.market_data.depth_view import DepthChange, DepthView, LevelE8
from order_engine.market_data.queue_view import OrderE8, QueueView
from order_engine.matching.order_book import OrderBook
from order_engine.wire.checksum import CHECKED_MAX, book_checksum, orders_checksum
from order_engine.wire.messages.feeds import BestPrices
from order_engine.wire.messages.market import Level, RestingOrder
from order_engine.wire.rendering import levels, resting_orders, top_of_book

Rows = list[Level] | list[RestingOrder]


class Shown(NamedTuple):
    """Rows of both sides, the sequence that they had before, and the best prices if these have changed."""

    previous_sequence: int
    bids: Rows
    asks: Rows
    best: BestPrices | None = None


class Kind(NamedTuple):
    """A kind of rows: the view of a book that has them, how a side is written, and the checksum over bids and asks."""

    view: Callable[[int, OrderBook | None, int], DepthView | QueueView]
    write: Callable[[list[Any], int], Rows]  # Any: the view's rows
    checksum: Callable[[Any, Any], int]  # Any: the rows as written


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        BOOK: Kind(DepthView, levels, book_checksum),
        ORDERS_OF_BOOK: Kind(QueueView, resting_orders, orders_checksum),
    }
)


class BookForm:
    """Shows a book and what changes in it."""

    def __init__(self, kind: Kind, symbol: str, size: int, book: OrderBook | None, sequence: int) -> None:
        self._kind = kind
        self._symbol = symbol
        self._tick_size_e8 = _tick_size_of(book)
        self._view = kind.view(size, book, sequence)

    @property
    def sequence(self) -> int:
        """The command that last changed what is shown."""
        return self._view.sequence

    def look(self, book: OrderBook | None, sequence: int) -> Shown | None:
        """Return what has changed since the last look, or None."""
        self._tick_size_e8 = _tick_size_of(book)
        change = self._view.look(book, sequence)
        if change is None:
            return None
        best = change.top if isinstance(change, DepthChange) else None
        return Shown(
            change.previous_sequence,
            self._write(change.bids),
            self._write(change.asks),
            None if best is None else self._best_prices(sequence, *best),
        )

    def all(self) -> Shown:
        """Return everything that is shown."""
        view = self._view
        return Shown(view.sequence, self._write(view.bids), self._write(view.asks))

    def checksum(self) -> int:
        """Return the checksum over the best rows."""
        bids, asks = (self._write(side[:CHECKED_MAX]) for side in (self._view.bids, self._view.asks))
        return self._kind.checksum(bids, asks)

    def _write(self, side: list[LevelE8] | list[OrderE8]) -> Rows:
        return self._kind.write(side, self._tick_size_e8)

    def _best_prices(self, sequence: int, bids: list[LevelE8], asks: list[LevelE8]) -> BestPrices:
        top = top_of_book(self._symbol, sequence, bids, asks, self._tick_size_e8)
        return BestPrices(*msgspec.structs.astuple(top))


def _tick_size_of(book: OrderBook | None) -> int:
    return 0 if book is None else book.instrument.tick_size_e8
