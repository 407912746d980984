"""Admission: every check that can refuse a command, before anything changes, in the rulebook's order."""

from order_engine.matching.accounts import Accounts, may_wait
from order_engine.matching.bounds import Bounds
from order_engine.matching.commands import AmendOrder, OrderType, PlaceOrder, SessionState
from order_engine.matching.events import OrderState
from order_engine.matching.instrument import Instrument
from order_engine.matching.instrument_limits import (
    refusal_of_new_terms,
    refusal_of_notional,
    refusal_of_price,
    refusal_of_quantity,
)
from order_engine.matching.live_orders import LiveOrders
from order_engine.matching.order import IMMEDIATE, STOP_TYPES, Order
from order_engine.matching.order_book import OrderBook
from order_engine.matching.reason import Reason

# Members by a name of their own: as an attribute of its enumeration each costs several times as much.
_PRE_OPEN = SessionState.PRE_OPEN
_OPEN = SessionState.OPEN
_LIMIT = OrderType.LIMIT
_MARKET = OrderType.MARKET

_REFUSED_BY_STATE = {
    SessionState.CLOSED: Reason.MARKET_CLOSED,
    SessionState.HALTED: Reason.INSTRUMENT_HALTED,
}


class Admission:
    """Returns why a command is refused, or None."""

    def __init__(self, live: LiveOrders, accounts: Accounts) -> None:
        self._live = live
        self._accounts = accounts
        self.give_bounds(Bounds())

    def give_bounds(self, bounds: Bounds) -> None:
        """Set the bounds beyond which commands are refused."""
        self._live_orders_max = bounds.live_orders_max
        self._slices_max = bounds.slices_max
        self._amended_slices_max = bounds.amended_slices_max

    def of_order(
        self,
        placed: PlaceOrder,
        sequence: int,
        timestamp_ns: int,
        instrument: Instrument | None,
        book: OrderBook | None,
    ) -> Reason | None:
        """Check a new order. A symbol that its first order would list has no ``book`` yet."""
        accounts = self._accounts
        if (accounts.disabled or accounts.everybody_is_disabled) and accounts.is_disabled(placed.user_id):
            return Reason.USER_DISABLED
        if instrument is None:
            return Reason.UNKNOWN_SYMBOL
        state = _OPEN if book is None else book.state
        if state is not _OPEN:
            reason = _refusal_of_session(placed, state)
            if reason is not None:
                return reason
        live = self._live
        order_id = placed.order_id
        # Where all orders have ids of their callers, looking for this one is enough.
        if order_id in live.by_key or ((not order_id or live.has_unnamed) and live.has_id_of(placed, sequence)):
            return Reason.DUPLICATE_ORDER_ID
        client_order_id = placed.client_order_id
        if client_order_id is not None and live.with_client_id(placed.user_id, client_order_id) is not None:
            return Reason.DUPLICATE_ORDER_ID
        if len(live.by_key) >= self._live_orders_max and may_wait(placed):
            return Reason.TOO_MANY_ORDERS
        if placed.expire_at_ns is not None and placed.expire_at_ns <= timestamp_ns:
            return Reason.INVALID_INSTRUCTION
        display_e8 = placed.display_quantity_e8
        if display_e8 is not None and placed.quantity_e8 > display_e8 * self._slices_max:
            return Reason.INVALID_INSTRUCTION
        return (
            _refusal_of_steps(instrument, placed)
            # A symbol that its first order lists has neither limits nor a band.
            or (_refusal_of_limits(placed, book) if book is not None and book.is_limited else None)
            or (self._refusal_of_risk(placed, book) if accounts.limits else None)
            or (_refusal_of_post_only(placed, instrument, book) if placed.post_only else None)
        )

    def of_amend(self, command: AmendOrder, order: Order, book: OrderBook) -> Reason | None:
        """Check new terms of a live order."""
        accounts = self._accounts
        if (accounts.disabled or accounts.everybody_is_disabled) and accounts.is_disabled(order.placed.user_id):
            return Reason.USER_DISABLED
        if book.state is not _OPEN and book.state in _REFUSED_BY_STATE:
            return _REFUSED_BY_STATE[book.state]
        if not _fits(command, order, self._amended_slices_max):
            return Reason.INVALID_INSTRUCTION
        return (
            _refusal_of_steps(book.instrument, command)
            or (self._refusal_of_protections(command, order, book) if accounts.limits or book.is_limited else None)
            or (_refusal_of_taking(command, order, book) if order.placed.post_only else None)
        )

    def _refusal_of_protections(self, command: AmendOrder, order: Order, book: OrderBook) -> Reason | None:
        state = order.state()
        if not _changes(command, state):
            # Limits that were lowered since do not refuse it.
            return None
        reason = refusal_of_new_terms(book.instrument, command, state)
        if reason is not None:
            return reason
        if _moves(command, order) and book.state is not _PRE_OPEN and not order.is_pending:
            assert command.price_e8 is not None
            band = book.band
            if band is not None and not band.holds(command.price_e8):
                return Reason.PRICE_OUT_OF_BAND
        total_e8 = state.quantity_e8 if command.quantity_e8 is None else command.quantity_e8
        limit_e8 = state.price_e8 if command.price_e8 is None else command.price_e8
        return self._accounts.refusal_of_amend(order, total_e8, limit_e8, book.position_e8(order.placed.user_id))

    def _refusal_of_risk(self, placed: PlaceOrder, book: OrderBook | None) -> Reason | None:
        position_e8 = 0 if book is None else book.position_e8(placed.user_id)
        return self._accounts.refusal_of_order(placed, position_e8)


def _refusal_of_session(placed: PlaceOrder, state: SessionState) -> Reason | None:
    if state in _REFUSED_BY_STATE:
        return _REFUSED_BY_STATE[state]
    if placed.order_type in STOP_TYPES:
        return None
    if placed.order_type is _MARKET or placed.time_in_force in IMMEDIATE:
        return Reason.NOT_IN_AUCTION
    return None


def _refusal_of_steps(instrument: Instrument, terms: PlaceOrder | AmendOrder) -> Reason | None:
    tick, lot = instrument.tick_size_e8, instrument.lot_size_e8
    price_e8, stop_price_e8, trail_amount_e8 = terms.price_e8, terms.stop_price_e8, terms.trail_amount_e8
    if (
        (price_e8 is not None and price_e8 % tick)
        or (stop_price_e8 is not None and stop_price_e8 % tick)
        or (trail_amount_e8 is not None and trail_amount_e8 % tick)
    ):
        return Reason.TICK_SIZE
    if lot == 1:
        return None
    quantity_e8, display_quantity_e8 = terms.quantity_e8, terms.display_quantity_e8
    if (quantity_e8 is not None and quantity_e8 % lot) or (
        display_quantity_e8 is not None and display_quantity_e8 % lot
    ):
        return Reason.LOT_SIZE
    return None


def _refusal_of_limits(placed: PlaceOrder, book: OrderBook) -> Reason | None:
    instrument, price_e8, quantity_e8 = book.instrument, placed.price_e8, placed.quantity_e8
    return (
        refusal_of_price(instrument, price_e8)
        or refusal_of_quantity(instrument, quantity_e8)
        or refusal_of_notional(instrument, price_e8, quantity_e8)
        or _refusal_of_band(placed, book)
    )


def _refusal_of_band(placed: PlaceOrder, book: OrderBook) -> Reason | None:
    if placed.order_type is not _LIMIT or book.state is _PRE_OPEN:
        return None
    band = book.band
    assert placed.price_e8 is not None
    return None if band is None or band.holds(placed.price_e8) else Reason.PRICE_OUT_OF_BAND


def _refusal_of_post_only(placed: PlaceOrder, instrument: Instrument, book: OrderBook | None) -> Reason | None:
    if book is None or book.state is _PRE_OPEN:
        return None
    assert placed.price_e8 is not None
    takes = book.would_take(placed.side, placed.price_e8 // instrument.tick_size_e8)
    return Reason.POST_ONLY_WOULD_TAKE if takes else None


def _refusal_of_taking(command: AmendOrder, order: Order, book: OrderBook) -> Reason | None:
    """Check new terms of a post-only order."""
    if book.state is _PRE_OPEN or not _moves(command, order):
        return None
    assert command.price_e8 is not None
    instrument = book.instrument
    if command.quantity_e8 is not None and command.quantity_e8 <= order.filled_lots * instrument.lot_size_e8:
        # It ends before it could take.
        return None
    takes = book.would_take(order.side, command.price_e8 // instrument.tick_size_e8)
    return Reason.POST_ONLY_WOULD_TAKE if takes else None


def _moves(command: AmendOrder, order: Order) -> bool:
    """Whether an amend gives a new limit."""
    price_e8 = command.price_e8
    return price_e8 is not None and price_e8 // order.instrument.tick_size_e8 != order.price_ticks


def _changes(command: AmendOrder, state: OrderState) -> bool:
    """Whether an amend changes anything at all."""
    return (
        command.price_e8 not in (None, state.price_e8)
        or command.quantity_e8 not in (None, state.quantity_e8)
        or command.display_quantity_e8 not in (None, state.display_quantity_e8)
        or command.stop_price_e8 not in (None, state.stop_price_e8)
        or command.trail_amount_e8 not in (None, state.trail_amount_e8)
    )


def _fits(command: AmendOrder, order: Order, slices_max: int) -> bool:
    """Whether the order has what the command would change, and may come in so many slices."""
    if command.price_e8 is not None and order.price_ticks is None:
        return False
    if command.stop_price_e8 is not None and (order.stop_price_e8 is None or order.trail_amount_e8 is not None):
        return False
    if command.trail_amount_e8 is not None and order.trail_amount_e8 is None:
        return False
    if order.display_lots is None:
        return command.display_quantity_e8 is None
    state = order.state()
    quantity_e8 = state.quantity_e8 if command.quantity_e8 is None else command.quantity_e8
    display_e8 = state.display_quantity_e8 if command.display_quantity_e8 is None else command.display_quantity_e8
    return display_e8 is not None and quantity_e8 <= display_e8 * slices_max
