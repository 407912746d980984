"""Snapshots of format 1, which release 5212ce9 wrote: one JSON object. This file is kept for ever and never changed.

``upcast`` converts the dump of such a snapshot to the pieces of format 2.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from order_engine.exchange.remembered_answers import RememberedAnswer
from order_engine.matching.commands import Configure, PlaceOrder, SessionState, SetRiskLimits
from order_engine.matching.engine_state import BookHead, EngineHead
from order_engine.matching.events import OrderStatus
from order_engine.matching.instrument import Instrument
from order_engine.matching.order_rows import OrderNow, OrderRow, OtherTerms


class LiveOrder(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A live order."""

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


class BookState(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A book."""

    instrument: Instrument
    bids: list[LiveOrder]
    asks: list[LiveOrder]
    stops: list[LiveOrder] = []
    state: SessionState = SessionState.OPEN
    last_trade_price_e8: int | None = None
    breaker_reference_e8: int | None = None


class Position(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user bought, less what they sold."""

    user_id: str
    symbol: str
    net_quantity_e8: int


class EngineState(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The matching engine."""

    sequence: int
    timestamp_ns: int
    settings: Configure
    books: list[BookState]
    risk_limits: list[SetRiskLimits] = []
    disabled_users: list[str] = []
    positions: list[Position] = []


class DumpedState(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole state."""

    engine: EngineState
    answers: list[RememberedAnswer]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(DumpedState).decode


def upcast(dump: bytes) -> Iterator[bytes]:
    """Yield a dump of format 1 as pieces of format 2; raises ``msgspec.MsgspecError``."""
    dumped = _decode(dump)
    engine = dumped.engine
    yield _encode(
        EngineHead(
            sequence=engine.sequence,
            timestamp_ns=engine.timestamp_ns,
            settings=engine.settings,
            risk_limits=engine.risk_limits,
            disabled_users=engine.disabled_users,
            books=len(engine.books),
        )
    )
    positions: dict[str, list[Position]] = {}
    for position in engine.positions:
        positions.setdefault(position.symbol, []).append(position)
    for book in engine.books:
        yield from _book(book, positions.get(book.instrument.symbol, []))
    yield _encode({"answers": len(dumped.answers)})
    yield from map(_encode, dumped.answers)


def _book(book: BookState, positions: list[Position]) -> Iterator[bytes]:
    yield _encode(
        BookHead(
            instrument=book.instrument,
            state=book.state,
            last_trade_price_e8=book.last_trade_price_e8,
            breaker_reference_e8=book.breaker_reference_e8,
            bids=len(book.bids),
            asks=len(book.asks),
            stops=len(book.stops),
            positions=len(positions),
        )
    )
    for orders in (book.bids, book.asks, book.stops):
        for order in orders:
            yield _encode([_row(order)])
    for position in positions:
        yield _encode([(position.user_id, position.net_quantity_e8)])


def _row(order: LiveOrder) -> OrderRow:
    placed = order.placed
    return OrderRow(
        sequence=order.sequence,
        timestamp_ns=order.timestamp_ns,
        side=placed.side,
        quantity_e8=placed.quantity_e8,
        price_e8=placed.price_e8,
        user_id=placed.user_id,
        client_order_id=placed.client_order_id,
        terms=OtherTerms(
            order_id=placed.order_id,
            order_type=placed.order_type,
            time_in_force=placed.time_in_force,
            post_only=placed.post_only,
            display_quantity_e8=placed.display_quantity_e8,
            stop_price_e8=placed.stop_price_e8,
            trail_amount_e8=placed.trail_amount_e8,
            expire_at_ns=placed.expire_at_ns,
            self_trade_prevention=placed.self_trade_prevention,
        ),
        now=OrderNow(
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
        ),
    )
