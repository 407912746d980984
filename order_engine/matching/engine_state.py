"""The engine's whole state as plain values: dump it, load it, hash it.

Two engines that took the same commands dump the same bytes: books in order of symbol, orders in order of priority.
"""

import hashlib

import msgspec
from msgspec import Struct

from order_engine.matching.book_side import BookSide
from order_engine.matching.commands import Configure, PlaceOrder, SessionState, SetRiskLimits
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import OrderStatus
from order_engine.matching.instrument import Instrument
from order_engine.matching.order import Order
from order_engine.matching.order_book import OrderBook


class LiveOrder(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A live order; ``quantity_lots`` is the total, ``filled_notional`` in ticks times lots."""

    placed: PlaceOrder
    sequence: int
    timestamp_ns: int
    price_ticks: int | None
    quantity_lots: int
    filled_lots: int
    filled_notional: int
    status: OrderStatus
    display_lots: int | None = None
    hidden_lots: int = 0
    stop_price_e8: int | None = None
    trail_amount_e8: int | None = None
    best_price_e8: int | None = None


class BookState(Struct, frozen=True, kw_only=True):
    """A book: each side best price first and within a price in order of the queue, the stops in order of sequence."""

    instrument: Instrument
    bids: list[LiveOrder]
    asks: list[LiveOrder]
    stops: list[LiveOrder] = []
    state: SessionState = SessionState.OPEN
    last_trade_price_e8: int | None = None
    breaker_reference_e8: int | None = None


class Position(Struct, frozen=True, kw_only=True):
    """What a user bought, less what they sold."""

    user_id: str
    symbol: str
    net_quantity_e8: int


class EngineState(Struct, frozen=True, kw_only=True):
    """Everything that decides what the next command does."""

    sequence: int
    timestamp_ns: int
    settings: Configure
    books: list[BookState]
    risk_limits: list[SetRiskLimits] = []
    disabled_users: list[str] = []
    positions: list[Position] = []


def dump_engine(engine: MatchingEngine) -> EngineState:
    """Copy the state of an engine."""
    accounts = engine.accounts
    return EngineState(
        sequence=engine.sequence,
        timestamp_ns=engine.timestamp_ns,
        settings=engine.settings,
        books=[_dump_book(engine.books[symbol]) for symbol in sorted(engine.books)],
        risk_limits=[accounts.limits[user_id] for user_id in sorted(accounts.limits)],
        disabled_users=sorted(accounts.disabled),
        positions=[
            Position(user_id=user_id, symbol=symbol, net_quantity_e8=net_quantity_e8)
            for user_id, symbol, net_quantity_e8 in sorted(
                (user_id, book.instrument.symbol, net_quantity_e8)
                for book in engine.books.values()
                for user_id, net_quantity_e8 in book.positions_e8.items()
            )
        ],
    )


def load_engine(state: EngineState) -> MatchingEngine:
    """Make an engine that goes on exactly where the dumped one stood."""
    engine = MatchingEngine()
    engine.sequence = state.sequence
    engine.timestamp_ns = state.timestamp_ns
    engine.settings = state.settings
    engine.accounts.limits = {limits.user_id: limits for limits in state.risk_limits}
    engine.accounts.disabled = set(state.disabled_users)
    orders = [order for book_state in state.books for order in _load_book(book_state, engine)]
    for position in state.positions:
        engine.books[position.symbol].positions_e8[position.user_id] = position.net_quantity_e8
    for order in sorted(orders, key=lambda order: order.sequence):
        engine.live.add(order)
        engine.expiries.add(order)
    return engine


def state_hash(engine: MatchingEngine) -> str:
    """SHA-256, in hexadecimal, over the dumped state."""
    return hashlib.sha256(msgspec.json.encode(dump_engine(engine))).hexdigest()


def _dump_book(book: OrderBook) -> BookState:
    return BookState(
        instrument=book.instrument,
        state=book.state,
        last_trade_price_e8=book.last_trade_price_e8,
        breaker_reference_e8=book.breaker_reference_e8,
        bids=_dump_side(book.bids),
        asks=_dump_side(book.asks),
        stops=[_dump_order(book.stops.orders[sequence]) for sequence in sorted(book.stops.orders)],
    )


def _dump_side(side: BookSide) -> list[LiveOrder]:
    return [_dump_order(order) for level in side.best_first() for order in level]


def _dump_order(order: Order) -> LiveOrder:
    return LiveOrder(
        placed=order.placed,
        sequence=order.sequence,
        timestamp_ns=order.timestamp_ns,
        price_ticks=order.price_ticks,
        quantity_lots=order.quantity_lots,
        filled_lots=order.filled_lots,
        filled_notional=order.filled_notional,
        status=order.status,
        display_lots=order.display_lots,
        hidden_lots=order.hidden_lots,
        stop_price_e8=order.stop_price_e8,
        trail_amount_e8=order.trail_amount_e8,
        best_price_e8=order.best_price_e8,
    )


def _load_book(state: BookState, engine: MatchingEngine) -> list[Order]:
    book = engine.open_book(state.instrument)
    book.state = state.state
    book.last_trade_price_e8 = state.last_trade_price_e8
    book.breaker_reference_e8 = state.breaker_reference_e8
    resting = [_load_order(order, state.instrument) for order in (*state.bids, *state.asks)]
    for order in resting:
        book.side_of(order.side).add(order)
    stops = [_load_order(order, state.instrument) for order in state.stops]
    for order in stops:
        book.stops.add(order)
    return resting + stops


def _load_order(live: LiveOrder, instrument: Instrument) -> Order:
    order = Order(live.placed, instrument, live.sequence, live.timestamp_ns)
    order.price_ticks = live.price_ticks
    order.quantity_lots = live.quantity_lots
    order.filled_lots = live.filled_lots
    order.remaining_lots = live.quantity_lots - live.filled_lots
    order.filled_notional = live.filled_notional
    order.display_lots = live.display_lots
    order.hidden_lots = live.hidden_lots
    order.stop_price_e8 = live.stop_price_e8
    order.trail_amount_e8 = live.trail_amount_e8
    order.best_price_e8 = live.best_price_e8
    order.status = live.status
    return order
