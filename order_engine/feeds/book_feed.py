"""The feed of one book at one depth: a snapshot, then numbered updates with checksum, best prices, trades, states."""

import msgspec

from order_engine.feeds.channel import Part
from order_engine.feeds.tape import Tape
from order_engine.feeds.web_socket import text_frame
from order_engine.market_data.depth_view import DepthView
from order_engine.matching.order_book import OrderBook
from order_engine.wire.checksum import CHECKED_LEVELS_MAX, book_checksum
from order_engine.wire.messages.feeds import BestPrices, BookSnapshot, BookUpdate
from order_engine.wire.rendering import levels, top_of_book
from order_engine.wire.units import format_price

_encode = msgspec.json.Encoder().encode


class BookFeed:
    """Shows the best ``levels_max`` levels of a book, which is None until its symbol is listed."""

    def __init__(self, symbol: str, levels_max: int, book: OrderBook | None, sequence: int, tape: Tape) -> None:
        self._symbol = symbol
        self._book = book
        self._tape = tape
        self._view = DepthView(levels_max, book, sequence)
        self._snapshot = b""

    def look(self, book: OrderBook | None, sequence: int) -> list[bytes]:
        """Return the messages about what has changed since the last look."""
        self._book = book
        self._snapshot = b""
        view = self._view
        change = view.look(book, sequence)
        if change is None:
            return []
        tick = self._tick_size_e8
        bids, asks = levels(change.bids, tick), levels(change.asks, tick)
        update = BookUpdate(self._symbol, sequence, change.previous_sequence, bids, asks, self._checksum())
        messages = [text_frame(_encode(update))]
        if change.top_has_changed:
            top = top_of_book(self._symbol, sequence, view.bids, view.asks, tick)
            messages.append(text_frame(_encode(BestPrices(*msgspec.structs.astuple(top)))))
        return messages

    def after(self, _sequence: int | None) -> Part:
        """Return a snapshot: a client that has missed something needs no more."""
        if not self._snapshot:
            self._snapshot = text_frame(_encode(self._make_snapshot()))
        return Part(self._snapshot, self._view.sequence, is_last=True)

    @property
    def _tick_size_e8(self) -> int:
        return 0 if self._book is None else self._book.instrument.tick_size_e8

    def _make_snapshot(self) -> BookSnapshot:
        book, view, tick = self._book, self._view, self._tick_size_e8
        last_price_e8 = None if book is None else book.last_trade_price_e8
        return BookSnapshot(
            self._symbol,
            view.sequence,
            levels(view.bids, tick),
            levels(view.asks, tick),
            self._checksum(),
            None if book is None else book.state,
            None if last_price_e8 is None else format_price(last_price_e8, tick),
            self._tape.last,
        )

    def _checksum(self) -> int:
        view, tick = self._view, self._tick_size_e8
        bids, asks = (levels(side[:CHECKED_LEVELS_MAX], tick) for side in (view.bids, view.asks))
        return book_checksum(bids, asks, view.levels_max)
