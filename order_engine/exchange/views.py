"""What the exchange shows: copies of its books and accounts at one sequence."""

from collections.abc import Iterable
from heapq import nsmallest
from itertools import islice
from typing import NamedTuple

from order_engine.exchange.indications import Indicated, Indications
from order_engine.matching.accounts import EVERYBODY
from order_engine.matching.commands import SessionState, SetRiskLimits
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import OrderState
from order_engine.matching.instrument import Instrument
from order_engine.matching.price_level import PriceLevel


class Depth(NamedTuple):
    """The best levels of a book: (price, quantity, number of orders), best first, amounts in units of 10^-8.

    ``indicated`` is None unless it was asked for, the session is PRE_OPEN, and the book is crossed or locked.
    """

    sequence: int
    instrument: Instrument
    state: SessionState
    bids: list[tuple[int, int, int]]
    asks: list[tuple[int, int, int]]
    last_trade_price_e8: int | None
    indicated: Indicated | None


class Listed(NamedTuple):
    """An instrument and the state of its session."""

    instrument: Instrument
    state: SessionState


class Standing(NamedTuple):
    """Whether a user's orders are taken, and within which limits.

    ``is_own`` is true for the user's own limits, and false for those that apply to everybody. Without any limits,
    ``limits`` is None.
    """

    is_enabled: bool
    limits: SetRiskLimits | None
    is_own: bool


def depth_of(
    engine: MatchingEngine, symbol: str, levels: int | None, indications: Indications | None = None
) -> Depth | None:
    """Copy the best levels of a book, all if None; with ``indications`` the auction too. Icebergs count as shown."""
    book = engine.books.get(symbol)
    if book is None:
        return None
    instrument = book.instrument
    return Depth(
        engine.sequence,
        instrument,
        book.state,
        _levels(islice(book.bids.best_first(), levels), instrument),
        _levels(islice(book.asks.best_first(), levels), instrument),
        book.last_trade_price_e8,
        None if indications is None else indications.of(book),
    )


def instruments_of(engine: MatchingEngine, after: str, limit: int) -> list[Listed]:
    """List the first ``limit`` instruments after a symbol, by symbol."""
    symbols = nsmallest(limit, (symbol for symbol in engine.books if symbol > after))
    return [Listed(engine.books[symbol].instrument, engine.books[symbol].state) for symbol in symbols]


def instrument_of(engine: MatchingEngine, symbol: str) -> Listed | None:
    """Return the instrument of a symbol, or None if it is not listed."""
    book = engine.books.get(symbol)
    return None if book is None else Listed(book.instrument, book.state)


def terms_of(engine: MatchingEngine, symbol: str) -> Instrument:
    """Return an instrument; for a symbol that is not listed the one that it would be listed as."""
    book = engine.books.get(symbol)
    return engine.default_instrument(symbol) if book is None else book.instrument


def live_order_of(engine: MatchingEngine, order_id: str) -> OrderState | None:
    """Copy a live order; None if no live order has this id."""
    order = engine.live.find(order_id)
    return None if order is None else order.state()


def standing_of(engine: MatchingEngine, user_id: str) -> Standing:
    """Copy a user's standing."""
    accounts = engine.accounts
    own, everybodys = accounts.limits.get(user_id), accounts.limits.get(EVERYBODY)
    return Standing(not accounts.is_disabled(user_id), own or everybodys, own is not None)


def _levels(levels: Iterable[PriceLevel], instrument: Instrument) -> list[tuple[int, int, int]]:
    tick, lot = instrument.tick_size_e8, instrument.lot_size_e8
    return [(level.price_ticks * tick, level.shown_lots * lot, level.length) for level in levels]
