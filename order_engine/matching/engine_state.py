"""The engine's whole state as plain values: dump it, load it, hash it.

Two engines that took the same commands dump the same bytes: books in order of symbol, orders in order of priority.
"""

import hashlib

import msgspec
from msgspec import Struct

from order_engine.matching.book_side import BookSide
from order_engine.matching.commands import Configure, PlaceOrder
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import OrderStatus
from order_engine.matching.instrument import Instrument
from order_engine.matching.order import Order
from order_engine.matching.order_book import OrderBook


class RestingOrder(Struct, frozen=True, kw_only=True):
    """A live order; ``quantity_lots`` is the total, ``filled_notional`` in ticks times lots."""

    placed: PlaceOrder
    sequence: int
    timestamp_ns: int
    price_ticks: int
    quantity_lots: int
    filled_lots: int
    filled_notional: int
    status: OrderStatus


class BookState(Struct, frozen=True, kw_only=True):
    """A book; each side best price first, and within a price in order of the queue."""

    instrument: Instrument
    last_trade_price_e8: int | None
    bids: list[RestingOrder]
    asks: list[RestingOrder]


class EngineState(Struct, frozen=True, kw_only=True):
    """Everything that decides what the next command does."""

    sequence: int
    timestamp_ns: int
    settings: Configure
    books: list[BookState]


def dump_engine(engine: MatchingEngine) -> EngineState:
    """Copy the state of an engine."""
    return EngineState(
        sequence=engine.sequence,
        timestamp_ns=engine.timestamp_ns,
        settings=engine.settings,
        books=[_dump_book(engine.books[symbol]) for symbol in sorted(engine.books)],
    )


def load_engine(state: EngineState) -> MatchingEngine:
    """Make an engine that goes on exactly where the dumped one stood."""
    engine = MatchingEngine()
    engine.sequence = state.sequence
    engine.timestamp_ns = state.timestamp_ns
    engine.settings = state.settings
    orders: list[Order] = []
    for book_state in state.books:
        book = OrderBook(book_state.instrument, engine.live)
        book.last_trade_price_e8 = book_state.last_trade_price_e8
        engine.books[book_state.instrument.symbol] = book
        for resting in (*book_state.bids, *book_state.asks):
            order = _load_order(resting, book_state.instrument)
            book.side_of(order.side).add(order)
            orders.append(order)
    for order in sorted(orders, key=lambda order: order.sequence):
        engine.live.add(order)
    return engine


def state_hash(engine: MatchingEngine) -> str:
    """SHA-256, in hexadecimal, over the dumped state."""
    return hashlib.sha256(msgspec.json.encode(dump_engine(engine))).hexdigest()


def _dump_book(book: OrderBook) -> BookState:
    return BookState(
        instrument=book.instrument,
        last_trade_price_e8=book.last_trade_price_e8,
        bids=_dump_side(book.bids),
        asks=_dump_side(book.asks),
    )


def _dump_side(side: BookSide) -> list[RestingOrder]:
    return [_dump_order(order) for level in side.best_first() for order in level]


def _dump_order(order: Order) -> RestingOrder:
    assert order.price_ticks is not None
    return RestingOrder(
        placed=order.placed,
        sequence=order.sequence,
        timestamp_ns=order.timestamp_ns,
        price_ticks=order.price_ticks,
        quantity_lots=order.quantity_lots,
        filled_lots=order.filled_lots,
        filled_notional=order.filled_notional,
        status=order.status,
    )


def _load_order(resting: RestingOrder, instrument: Instrument) -> Order:
    order = Order(resting.placed, instrument, resting.sequence, resting.timestamp_ns)
    order.price_ticks = resting.price_ticks
    order.filled_lots = resting.filled_lots
    order.filled_notional = resting.filled_notional
    order.resize(resting.quantity_lots)
    order.status = resting.status
    return order
