"""The engine's whole state in pieces of JSON: dumps and loads it piece by piece, so that it is never in memory twice.

Engines that applied the same commands dump the same pieces: books in order of symbol, orders in order of priority.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

import msgspec
from msgspec import Struct

from order_engine.matching.book_side import BookSide
from order_engine.matching.commands import Configure, SessionState, SetRiskLimits
from order_engine.matching.endings import Ending
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.instrument import Instrument
from order_engine.matching.order import Order
from order_engine.matching.order_book import OrderBook
from order_engine.matching.order_rows import OrderRow, RowReader, row_of

ROWS_MAX = 1_000
"""How many rows a piece has at most."""

Row = TypeVar("Row")


class EngineHead(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The first piece. ``books`` says how many books follow."""

    sequence: int
    timestamp_ns: int
    settings: Configure
    risk_limits: list[SetRiskLimits]
    disabled_users: list[str]
    books: int
    endings: tuple[Ending, ...] = ()
    everybody_is_disabled: bool = False


class BookHead(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The first piece of a book; it says how many rows of each kind follow.

    Bids and asks come best price first and within a price in order of the queue, stops in order of sequence, positions
    (user, net quantity) in order of user. The ``triggered`` are those of the stops whose turn
    has come and that wait for it, by sequence, in the order of their turns.
    """

    instrument: Instrument
    state: SessionState
    last_trade_price_e8: int | None
    breaker_reference_e8: int | None
    bids: int
    asks: int
    stops: int
    positions: int
    triggered: int = 0


_encode = msgspec.json.Encoder().encode
_decode_engine = msgspec.json.Decoder(EngineHead).decode
_decode_book = msgspec.json.Decoder(BookHead).decode
_decode_orders = msgspec.json.Decoder(list[OrderRow]).decode
_decode_turns = msgspec.json.Decoder(list[int]).decode
_decode_positions = msgspec.json.Decoder(list[tuple[str, int]]).decode


def dump_engine(engine: MatchingEngine) -> Iterator[bytes]:
    """Dump an engine piece by piece; it must not change meanwhile. No piece has a line break."""
    accounts = engine.accounts
    yield _encode(
        EngineHead(
            sequence=engine.sequence,
            timestamp_ns=engine.timestamp_ns,
            settings=engine.settings,
            risk_limits=[accounts.limits[user_id] for user_id in sorted(accounts.limits)],
            disabled_users=sorted(accounts.disabled),
            books=len(engine.books),
            endings=tuple(engine.endings.all_left()),
            everybody_is_disabled=accounts.everybody_is_disabled,
        )
    )
    for symbol in sorted(engine.books):
        yield from _dump_book(engine.books[symbol])


def load_engine(pieces: Iterator[bytes]) -> MatchingEngine:
    """Make an engine that goes on exactly where the dumped one stood, and leave what follows its pieces.

    Raises ``msgspec.MsgspecError`` if the pieces are not a dump's.
    """
    head = _decode_engine(next_piece(pieces))
    engine = MatchingEngine()
    engine.sequence = head.sequence
    engine.timestamp_ns = head.timestamp_ns
    engine.give_settings(head.settings)
    engine.accounts.limits = {limits.user_id: limits for limits in head.risk_limits}
    engine.accounts.disabled = set(head.disabled_users)
    engine.accounts.everybody_is_disabled = head.everybody_is_disabled
    reader = RowReader()
    for _ in range(head.books):
        _load_book(pieces, engine, reader)
    for ending in head.endings:
        engine.endings.restore(ending)
    return engine


def next_piece(pieces: Iterator[bytes]) -> bytes:
    """Return the next piece; raises ``msgspec.MsgspecError`` if there is none."""
    piece = next(pieces, None)
    if piece is None:
        raise msgspec.ValidationError("the dump ends too early")
    return piece


def _dump_book(book: OrderBook) -> Iterator[bytes]:
    stops = book.stops.orders
    positions = book.positions_e8
    turns = [order.sequence for order in book.stops.in_turn()]
    yield _encode(
        BookHead(
            instrument=book.instrument,
            state=book.state,
            last_trade_price_e8=book.last_trade_price_e8,
            breaker_reference_e8=book.breaker_reference_e8,
            bids=_length(book.bids),
            asks=_length(book.asks),
            stops=len(stops),
            positions=len(positions),
            triggered=len(turns),
        )
    )
    yield from _dump_rows(_dump_side(book.bids))
    yield from _dump_rows(_dump_side(book.asks))
    yield from _dump_rows(row_of(stops[sequence]) for sequence in sorted(stops))
    yield from _dump_rows((user_id, positions[user_id]) for user_id in sorted(positions))
    yield from _dump_rows(turns)


def _length(side: BookSide) -> int:
    return sum(level.length for level in side.levels.values())


def _dump_side(side: BookSide) -> Iterator[tuple[object, ...]]:
    return (row_of(order) for level in side.best_first() for order in level)


def _dump_rows(rows: Iterable[object]) -> Iterator[bytes]:
    waiting = iter(rows)
    while piece := list(islice(waiting, ROWS_MAX)):
        yield _encode(piece)


def _load_book(pieces: Iterator[bytes], engine: MatchingEngine, reader: RowReader) -> None:
    head = _decode_book(next_piece(pieces))
    instrument = head.instrument
    book = engine.open_book(instrument)
    book.state = head.state
    book.last_trade_price_e8 = head.last_trade_price_e8
    book.breaker_reference_e8 = head.breaker_reference_e8
    for side, count in ((book.bids, head.bids), (book.asks, head.asks)):
        for rows in _rows(pieces, count, _decode_orders):
            _add(reader.orders(rows, instrument), side.add, engine)
    for rows in _rows(pieces, head.stops, _decode_orders):
        _add(reader.orders(rows, instrument), book.stops.add, engine)
    for positions in _rows(pieces, head.positions, _decode_positions):
        book.positions_e8.update((reader.name(user_id), net_quantity_e8) for user_id, net_quantity_e8 in positions)
    turns = [sequence for sequences in _rows(pieces, head.triggered, _decode_turns) for sequence in sequences]
    if turns:
        engine.restore_turns(book, turns)


def _add(orders: list[Order], add: Callable[[Order], None], engine: MatchingEngine) -> None:
    index = engine.live.add
    for order in orders:
        add(order)
        index(order)
        if order.placed.expire_at_ns is not None:
            engine.expiries.add(order)


def _rows(pieces: Iterator[bytes], count: int, decode: Callable[[bytes], list[Row]]) -> Iterator[list[Row]]:
    while count > 0:
        rows = decode(next_piece(pieces))
        if not 0 < len(rows) <= count:
            raise msgspec.ValidationError(f"expected 1 to {count} rows, found {len(rows)}")
        count -= len(rows)
        yield rows
