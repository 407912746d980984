"""Naive settlement and delisting."""

from collections.abc import Callable

from msgspec import structs

from order_engine.matching.commands import DelistInstrument, SessionState, SettleInstrument
from order_engine.matching.events import (
    DelistRejected,
    InstrumentDelisted,
    InstrumentSettled,
    SettleRejected,
    StateChanged,
)
from order_engine.matching.reason import Reason
from tests.naive.naive_book import NaiveBook, NaiveReport
from tests.naive.naive_order import NaiveOrder

BeginToEnd = Callable[[list[NaiveOrder], Reason], None]


def settle(
    command: SettleInstrument, books: dict[str, NaiveBook], report: NaiveReport, begin_to_end: BeginToEnd
) -> None:
    """Settle an instrument, or refuse to."""
    book = books.get(command.symbol)
    if book is None:
        report.events.append(SettleRejected(command.symbol, Reason.UNKNOWN_SYMBOL))
        return
    if book.is_settled:
        report.events.append(SettleRejected(command.symbol, Reason.MARKET_CLOSED))
        return
    report.meet(f"settled while {book.state}")
    book.state, book.queue = SessionState.CLOSED, []
    book.instrument = structs.replace(book.instrument, settlement_price_e8=command.price_e8)
    for user_id, symbol in report.positions_e8:
        if symbol == command.symbol:
            report.positions_e8[user_id, symbol] = 0
    report.events.append(StateChanged(command.symbol, SessionState.CLOSED, Reason.SETTLED))
    report.events.append(InstrumentSettled(book.instrument))
    begin_to_end(sorted(book.live(), key=lambda order: order.sequence), Reason.SETTLED)


def delist(command: DelistInstrument, books: dict[str, NaiveBook], report: NaiveReport) -> None:
    """Take an instrument off the list, or refuse to."""
    book = books.get(command.symbol)
    if book is None:
        report.events.append(DelistRejected(command.symbol, Reason.UNKNOWN_SYMBOL))
    elif book.live() or book.last_price_e8 is not None:
        report.events.append(DelistRejected(command.symbol, Reason.INVALID_INSTRUCTION))
    else:
        del books[command.symbol]
        report.events.append(InstrumentDelisted(command.symbol))
