"""The feed of one book in one form: a snapshot, then numbered updates with checksum, best prices, trades, states."""

import msgspec

from order_engine.feeds.book_forms import BookForm
from order_engine.feeds.channel import Part
from order_engine.feeds.frames import text_frame
from order_engine.feeds.tape import Tape
from order_engine.matching.order_book import OrderBook
from order_engine.wire.messages.feeds import BookSnapshot, BookUpdate
from order_engine.wire.units import format_price

_encode = msgspec.json.Encoder().encode


class BookFeed:
    """Shows a book, which is None until its symbol is listed."""

    def __init__(self, symbol: str, form: BookForm, book: OrderBook | None, tape: Tape) -> None:
        self._symbol = symbol
        self._form = form
        self._book = book
        self._tape = tape
        self._snapshot = b""

    def look(self, book: OrderBook | None, sequence: int) -> list[bytes]:
        """Return the messages about what has changed since the last look."""
        self._book = book
        self._snapshot = b""
        change = self._form.look(book, sequence)
        if change is None:
            return []
        checksum = self._form.checksum()
        update = BookUpdate(self._symbol, sequence, change.previous_sequence, change.bids, change.asks, checksum)
        messages = [text_frame(_encode(update))]
        if change.best is not None:
            messages.append(text_frame(_encode(change.best)))
        return messages

    def after(self, _sequence: int | None) -> Part:
        """Return a snapshot: a client that has missed something needs no more."""
        if not self._snapshot:
            self._snapshot = text_frame(_encode(self._make_snapshot()))
        return Part(self._snapshot, self._form.sequence, is_last=True)

    def _make_snapshot(self) -> BookSnapshot:
        book, shown, last_price = self._book, self._form.all(), None
        if book is not None and book.last_trade_price_e8 is not None:
            last_price = format_price(book.last_trade_price_e8, book.instrument.tick_size_e8)
        return BookSnapshot(
            self._symbol,
            self._form.sequence,
            shown.bids,
            shown.asks,
            self._form.checksum(),
            None if book is None else book.state,
            last_price,
            self._tape.last,
        )
