"""The forms in which a feed shows a book: level by level, or order by order."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

import msgspec

from order_engine.feeds.hand_over import BOOK, ORDERS_OF_BOOK
from order_engine.market_data.depth_view import DepthView
from order_engine.market_data.queue_view import QueueView
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


class BookForm(Protocol):
    """Shows a book and what changes in it. ``sequence`` is that of the last change."""

    @property
    def sequence(self) -> int:
        """The command that last changed what is shown."""

    def look(self, book: OrderBook | None, sequence: int) -> Shown | None:
        """Return what has changed since the last look, or None."""

    def all(self) -> Shown:
        """Return everything that is shown."""
        ...

    def checksum(self) -> int:
        """Return the checksum over the best rows."""
        ...


class ByLevel:
    """Price levels: price, quantity, number of orders."""

    def __init__(self, symbol: str, size: int, book: OrderBook | None, sequence: int) -> None:
        self._symbol = symbol
        self._tick_size_e8 = _tick_size_of(book)
        self._view = DepthView(size, book, sequence)

    @property
    def sequence(self) -> int:
        """The command that last changed what is shown."""
        return self._view.sequence

    def look(self, book: OrderBook | None, sequence: int) -> Shown | None:
        """Return what has changed since the last look, or None."""
        tick = self._tick_size_e8 = _tick_size_of(book)
        change = self._view.look(book, sequence)
        if change is None:
            return None
        best = self._best(sequence) if change.top_has_changed else None
        return Shown(change.previous_sequence, levels(change.bids, tick), levels(change.asks, tick), best)

    def all(self) -> Shown:
        """Return everything that is shown."""
        view, tick = self._view, self._tick_size_e8
        return Shown(view.sequence, levels(view.bids, tick), levels(view.asks, tick))

    def checksum(self) -> int:
        """Return the checksum over the best levels."""
        view, tick = self._view, self._tick_size_e8
        return book_checksum(levels(view.bids[:CHECKED_MAX], tick), levels(view.asks[:CHECKED_MAX], tick))

    def _best(self, sequence: int) -> BestPrices:
        top = top_of_book(self._symbol, sequence, self._view.bids, self._view.asks, self._tick_size_e8)
        return BestPrices(*msgspec.structs.astuple(top))


class ByOrder:
    """Single orders in their order of priority: id, price, shown quantity."""

    def __init__(self, _symbol: str, size: int, book: OrderBook | None, sequence: int) -> None:
        self._tick_size_e8 = _tick_size_of(book)
        self._view = QueueView(size, book, sequence)

    @property
    def sequence(self) -> int:
        """The command that last changed what is shown."""
        return self._view.sequence

    def look(self, book: OrderBook | None, sequence: int) -> Shown | None:
        """Return what has changed since the last look, or None."""
        tick = self._tick_size_e8 = _tick_size_of(book)
        change = self._view.look(book, sequence)
        if change is None:
            return None
        return Shown(change.previous_sequence, resting_orders(change.bids, tick), resting_orders(change.asks, tick))

    def all(self) -> Shown:
        """Return everything that is shown."""
        view, tick = self._view, self._tick_size_e8
        return Shown(view.sequence, resting_orders(view.bids, tick), resting_orders(view.asks, tick))

    def checksum(self) -> int:
        """Return the checksum over the best orders."""
        view, tick = self._view, self._tick_size_e8
        bids, asks = (resting_orders(side[:CHECKED_MAX], tick) for side in (view.bids, view.asks))
        return orders_checksum(bids, asks)


FORMS: Mapping[str, Callable[[str, int, OrderBook | None, int], BookForm]] = MappingProxyType(
    {BOOK: ByLevel, ORDERS_OF_BOOK: ByOrder}
)


def _tick_size_of(book: OrderBook | None) -> int:
    return 0 if book is None else book.instrument.tick_size_e8
