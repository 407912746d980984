"""Settles an instrument for good, or takes it off the list. See the rulebook, Settlement."""

from msgspec import structs

from order_engine.matching.commands import DelistInstrument, SessionState, SettleInstrument
from order_engine.matching.endings import Ending, Endings
from order_engine.matching.events import (
    DelistRejected,
    InstrumentDelisted,
    InstrumentSettled,
    SettleRejected,
    StateChanged,
)
from order_engine.matching.order_book import OrderBook
from order_engine.matching.outcome import Outcome
from order_engine.matching.reason import Reason


def settle(books: dict[str, OrderBook], endings: Endings, command: SettleInstrument, outcome: Outcome) -> None:
    """Close a session for good, end all positions, and cancel the orders."""
    symbol, book = command.symbol, books.get(command.symbol)
    if book is None or book.instrument.is_settled:
        reason = Reason.UNKNOWN_SYMBOL if book is None else Reason.MARKET_CLOSED
        outcome.events.append(SettleRejected(symbol, reason))
        return
    book.state = SessionState.CLOSED
    book.call_changes += 1
    book.stops.put_back_triggered()
    settled = structs.replace(book.instrument, settlement_price_e8=command.price_e8)
    book.give_terms(settled, book.self_trade_prevention)
    book.positions_e8.clear()
    outcome.events.append(StateChanged(symbol, SessionState.CLOSED, Reason.SETTLED))
    outcome.events.append(InstrumentSettled(settled))
    endings.begin(Ending(begun_by=outcome.sequence, reason=Reason.SETTLED, symbol=symbol), outcome)


def delist(books: dict[str, OrderBook], command: DelistInstrument, outcome: Outcome) -> None:
    """Take an instrument that never traded and has no orders off the list."""
    symbol, book = command.symbol, books.get(command.symbol)
    if book is None:
        outcome.events.append(DelistRejected(symbol, Reason.UNKNOWN_SYMBOL))
    elif book.has_orders or book.last_trade_price_e8 is not None:
        outcome.events.append(DelistRejected(symbol, Reason.INVALID_INSTRUCTION))
    else:
        del books[symbol]
        outcome.events.append(InstrumentDelisted(symbol))
