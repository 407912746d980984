"""The session of an instrument: what happens after each matching step, and when it enters another state.

See the rulebook, Triggers and States. A matching step is one order, or one auction, matched completely.
"""

from order_engine.matching.auction import uncross
from order_engine.matching.commands import SessionState
from order_engine.matching.events import OrderTriggered, StateChanged
from order_engine.matching.order import Order
from order_engine.matching.order_book import OrderBook
from order_engine.matching.outcome import Outcome
from order_engine.matching.price_band import band_around
from order_engine.matching.reason import Reason

# Members by a name of their own: as an attribute of its enumeration each costs several times as much.
_OPEN = SessionState.OPEN


def follow_up(book: OrderBook, trades_before: int, outcome: Outcome) -> None:
    """After a matching step: breaker, then triggers; each triggered order is a matching step of its own."""
    stops = book.stops
    while book.state is _OPEN:
        last_price_e8 = book.last_trade_price_e8
        if last_price_e8 is None:
            break
        if outcome.trade_count > trades_before:
            stops.ratchet(last_price_e8)
            if _breaker_trips(book, last_price_e8):
                book.state = SessionState.HALTED
                outcome.events.append(StateChanged(book.instrument.symbol, SessionState.HALTED, Reason.CIRCUIT_BREAKER))
                stops.put_back_triggered()
                break
        stops.look_for_triggered(last_price_e8)
        if not stops.has_triggered:
            break
        if outcome.steps_left <= 0:
            # Their turn comes with the next command.
            break
        trades_before = outcome.trade_count
        _activate(stops.next_in_turn(), book, outcome)


def enter_state(book: OrderBook, state: SessionState, outcome: Outcome) -> None:
    """Enter a state: opening runs the auction. The caller expires the DAY orders."""
    before, book.state = book.state, state
    book.call_changes += 1
    outcome.events.append(StateChanged(book.instrument.symbol, state))
    if state is not _OPEN:
        book.stops.put_back_triggered()
    if state is _OPEN and before is not _OPEN:
        book.breaker_reference_e8 = None
        trades_before = outcome.trade_count
        uncross(book, outcome)
        follow_up(book, trades_before, outcome)


def _breaker_trips(book: OrderBook, last_price_e8: int) -> bool:
    allowed = band_around(book.breaker_reference_e8, book.instrument.circuit_breaker_percent_e8)
    return allowed is not None and not allowed.holds(last_price_e8)


def _activate(order: Order, book: OrderBook, outcome: Outcome) -> None:
    book.stops.remove(order)
    order.trigger()
    outcome.events.append(OrderTriggered(order.state()))
    if _is_out_of_band(order, book):
        book.end(order, Reason.PRICE_OUT_OF_BAND, outcome)
    else:
        book.enter(order, outcome)
    if not order.remaining_lots:
        book.forget(order)


def _is_out_of_band(order: Order, book: OrderBook) -> bool:
    band = book.band
    if band is None or order.price_ticks is None:
        return False
    return not band.holds(order.price_ticks * book.instrument.tick_size_e8)
