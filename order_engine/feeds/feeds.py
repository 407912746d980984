"""All feeds: takes the journal's records in order, and brings what they changed to the channels."""

from collections.abc import Callable, Iterator

import msgspec

from order_engine.exchange.applied import Applied
from order_engine.feeds.book_feed import BookFeed
from order_engine.feeds.book_forms import KINDS, BookForm
from order_engine.feeds.channel import Channel, Client
from order_engine.feeds.frames import text_frame
from order_engine.feeds.hand_over import Subscription
from order_engine.feeds.history import Remembered
from order_engine.feeds.tape import Tape
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import (
    AmendRejected,
    CancelRejected,
    Event,
    InstrumentChanged,
    InstrumentDelisted,
    InstrumentListed,
    InstrumentSettled,
    OrderRejected,
    StateChanged,
    TradeExecuted,
)
from order_engine.wire.messages.feeds import FeedState, Heartbeat
from order_engine.wire.rendering import Renderer, sees_all, sees_none

TRADES_KEPT_MAX = 100_000
HEARTBEAT_SECONDS = 1.0

_encode = msgspec.json.Encoder().encode


class Feeds:
    """The channels of all instruments. ``engine`` is the replica's, at ``sequence``.

    With ``hides_ids`` trades have no ids of orders: a tape is the same for all clients.
    """

    def __init__(
        self,
        engine: Callable[[], MatchingEngine],
        sequence: int,
        trades_kept_max: int = TRADES_KEPT_MAX,
        *,
        hides_ids: bool = False,
    ) -> None:
        self.sequence = self._begins_after = sequence
        self._engine = engine
        self._renderer = Renderer(self._tick_size_e8)
        self._sees = sees_none if hides_ids else sees_all
        self._remembered = Remembered(trades_kept_max)
        self._tapes: dict[str, Tape] = {}
        self._books: dict[str, dict[tuple[str, int], tuple[BookFeed, Channel]]] = {}
        self._trades: dict[str, Channel] = {}
        self._touched: set[str] = set()
        self._stirred: dict[Channel, None] = {}

    def join(self, client: Client, wanted: Subscription, now: float) -> Channel:
        """Begin to serve a client; return its channel."""
        channel = self._book_channel(wanted, now) if wanted.feed in KINDS else self._trade_channel(wanted.symbol, now)
        channel.join(client, wanted.since)
        if channel.has_clients_behind:
            self._stirred[channel] = None
        return channel

    def leave(self, client: Client, wanted: Subscription) -> None:
        """Forget a client, and its channel if it was the last."""
        if wanted.feed in KINDS:
            _, channel = self._books[wanted.symbol][wanted.feed, wanted.size]
        else:
            channel = self._trades[wanted.symbol]
        channel.leave(client)
        if channel:
            return
        self._stirred.pop(channel, None)
        if wanted.feed not in KINDS:
            del self._trades[wanted.symbol]
        elif len(self._books[wanted.symbol]) > 1:
            del self._books[wanted.symbol][wanted.feed, wanted.size]
        else:
            del self._books[wanted.symbol]

    def take(self, applied: Applied) -> None:
        """Take the record that the replica has just applied."""
        record, events_of = applied
        self.sequence = record.last_sequence
        for place, events in enumerate(events_of):
            for event in events:
                sequence = record.sequence + place
                if isinstance(event, TradeExecuted):
                    self._take_trade(event, sequence, record.timestamp_ns)
                elif self._books:
                    self._take_event(event, sequence)

    def look(self) -> None:
        """Find what has changed in the books, and number it with the sequence of the last record."""
        books = self._engine().books
        for symbol in self._touched:
            for feed, channel in self._books.get(symbol, {}).values():
                self._add(channel, feed.look(books.get(symbol), self.sequence))
        self._touched.clear()

    def flush(self, now: float) -> None:
        """Send what was found, and what clients have missed that now read again."""
        for channel in list(self._stirred):
            channel.flush(self.sequence, now)
            if not channel.has_clients_behind:
                del self._stirred[channel]

    def beat(self, now: float) -> None:
        """Send heartbeats where nothing else was sent."""
        heartbeat = text_frame(_encode(Heartbeat(self.sequence)))
        for channel in self._channels():
            channel.beat(heartbeat, now, HEARTBEAT_SECONDS)

    def _take_trade(self, trade: TradeExecuted, sequence: int, timestamp_ns: int) -> None:
        # Also while nobody listens: clients that come back get the trades that they have missed.
        symbol = trade.symbol
        tape = self._tape(symbol)
        frame = tape.add(self._renderer.trade(trade, sequence, timestamp_ns, self._sees))
        self._remembered.add(tape.forget_first)
        self._add_to_books(symbol, frame)
        if symbol in self._trades:
            self._add(self._trades[symbol], [frame])
        self._touched.add(symbol)

    def _take_event(self, event: Event, sequence: int) -> None:
        if isinstance(event, StateChanged):
            symbol = event.symbol
            self._add_to_books(symbol, text_frame(_encode(FeedState(symbol, sequence, event.state, event.reason))))
        elif isinstance(event, InstrumentListed | InstrumentChanged | InstrumentSettled):
            symbol = event.instrument.symbol
        elif isinstance(event, InstrumentDelisted):
            symbol = event.symbol
        elif isinstance(event, AmendRejected | CancelRejected | OrderRejected) or not hasattr(event, "order"):
            return
        else:
            symbol = event.order.placed.symbol
        self._touched.add(symbol)

    def _add_to_books(self, symbol: str, frame: bytes) -> None:
        for _, channel in self._books.get(symbol, {}).values():
            self._add(channel, [frame])

    def _add(self, channel: Channel, frames: list[bytes]) -> None:
        if frames:
            channel.add(frames)
            self._stirred[channel] = None

    def _channels(self) -> Iterator[Channel]:
        for feeds in self._books.values():
            yield from (channel for _, channel in feeds.values())
        yield from self._trades.values()

    def _book_channel(self, wanted: Subscription, now: float) -> Channel:
        feeds = self._books.setdefault(wanted.symbol, {})
        kind = wanted.feed, wanted.size
        if kind not in feeds:
            book = self._engine().books.get(wanted.symbol)
            form = BookForm(KINDS[wanted.feed], wanted.symbol, wanted.size, book, self.sequence)
            feed = BookFeed(wanted.symbol, form, book, self._tape(wanted.symbol))
            feeds[kind] = feed, Channel(feed, self.sequence, now)
        return feeds[kind][1]

    def _trade_channel(self, symbol: str, now: float) -> Channel:
        if symbol not in self._trades:
            self._trades[symbol] = Channel(self._tape(symbol), self.sequence, now)
        return self._trades[symbol]

    def _tape(self, symbol: str) -> Tape:
        if symbol not in self._tapes:
            self._tapes[symbol] = Tape(self._begins_after, lambda: self.sequence)
        return self._tapes[symbol]

    def _tick_size_e8(self, symbol: str) -> int:
        return self._engine().books[symbol].instrument.tick_size_e8
