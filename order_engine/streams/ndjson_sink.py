"""Writes newline-delimited JSON: trades, all events, or the books at the end."""

from collections.abc import Sequence

import msgspec

from order_engine.matching.book_side import BookSide
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import Event, TradeExecuted
from order_engine.matching.order_book import OrderBook
from order_engine.streams.ndjson_lines import LISTINGS, LineWriter
from order_engine.streams.output_file import OutputFile
from order_engine.streams.ports import Received
from order_engine.wire.units import format_price, format_quantity

LevelRow = tuple[str, str, int]

_encode = msgspec.json.Encoder().encode


class TradeSink:
    """Writes trades, one a line."""

    def __init__(self, output: OutputFile) -> None:
        self._output = output
        self._lines = LineWriter()

    def write(self, received: Received, events: Sequence[Event]) -> None:
        """Write the trades of one command."""
        lines = self._lines
        for event in events:
            if isinstance(event, TradeExecuted):
                self._output.write(_encode(lines.trade_line(received, event)) + b"\n")
            elif type(event) in LISTINGS:
                lines.learn(event)

    def flush(self) -> None:
        """Write out what is buffered."""
        self._output.flush()


class EveryEventSink:
    """Writes every event, one a line."""

    def __init__(self, output: OutputFile) -> None:
        self._output = output
        self._lines = LineWriter()

    def write(self, received: Received, events: Sequence[Event]) -> None:
        """Write the events of one command."""
        lines = self._lines
        for event in events:
            if type(event) in LISTINGS:
                lines.learn(event)
            self._output.write(_encode(lines.event_line(received, event)) + b"\n")

    def flush(self) -> None:
        """Write out what is buffered."""
        self._output.flush()


def write_books(engine: MatchingEngine, output: OutputFile) -> None:
    """Write all visible levels of all books as one JSON object, ordered by symbol, best prices first."""
    output.write(_encode({symbol: _book(engine.books[symbol]) for symbol in sorted(engine.books)}) + b"\n")


def _book(book: OrderBook) -> dict[str, list[LevelRow]]:
    return {"bids": _levels(book, book.bids), "asks": _levels(book, book.asks)}


def _levels(book: OrderBook, side: BookSide) -> list[LevelRow]:
    tick_e8, lot_e8 = book.instrument.tick_size_e8, book.instrument.lot_size_e8
    return [
        (
            format_price(level.price_ticks * tick_e8, tick_e8),
            format_quantity(level.shown_lots * lot_e8),
            level.length,
        )
        for level in side.best_first()
    ]
