"""A market of one's own in this process: the matching engine, with decimals instead of units."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import TypedDict, Unpack

from order_engine.library.results import Depth, Level, Order, Trade, order_of, price_of, quantity_of, trade_of
from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    ExpireDue,
    SetState,
    SettleInstrument,
)
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import (
    AmendRejected,
    CancelRejected,
    Event,
    InstrumentRejected,
    OrderState,
    SettleRejected,
    StateRejected,
    TradeExecuted,
)
from order_engine.matching.instrument import Instrument
from order_engine.matching.price_level import PriceLevel
from order_engine.matching.reason import Reason
from order_engine.wire.form import (
    AMEND_FIELDS,
    CANCEL_ALL_FIELDS,
    CANCEL_FIELDS,
    INSTRUMENT_FIELDS,
    PLACE_FIELDS,
    PLACE_REQUIRED,
    SETTLE_FIELDS,
    STATE_FIELDS,
    amend_order,
    command_of,
    place_order,
    read_fields,
    set_instrument,
)
from order_engine.wire.identifiers import parse_order_id

Amount = Decimal | str | int
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_PLACE_FIELDS = {**PLACE_FIELDS, "order_id": parse_order_id}
_REFUSALS = (AmendRejected, CancelRejected, InstrumentRejected, SettleRejected, StateRejected)


class OrderTerms(TypedDict, total=False):
    """The terms of an order that ``place`` takes by name; see the rulebook."""

    user_id: str
    order_id: str
    client_order_id: str
    type: str
    time_in_force: str
    post_only: bool
    display_quantity: Amount
    stop_price: Amount
    trail_amount: Amount
    expire_at: datetime
    self_trade_prevention: str


class NewTerms(TypedDict, total=False):
    """The terms that ``amend`` changes."""

    quantity: Amount
    price: Amount
    display_quantity: Amount
    stop_price: Amount
    trail_amount: Amount


class InstrumentTerms(TypedDict, total=False):
    """The terms of an instrument. A percentage of 0 means none."""

    tick_size: Amount
    lot_size: Amount
    price_band_percent: Amount
    circuit_breaker_percent: Amount
    reference_price: Amount
    self_trade_prevention: str
    name: str
    base: str
    quote: str
    min_price: Amount
    max_price: Amount
    min_quantity: Amount
    max_quantity: Amount
    min_notional: Amount


class Refused(Exception):
    """The rulebook refused a call that changes something; ``reason`` says why, and nothing has changed."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Market:
    """Books and users. No server, no file, no thread and no clock: equal calls give equal results.

    Amounts are ``Decimal``, ``str`` or ``int``; a ``float`` is refused, since it is not exact. Terms that are no terms
    at all raise ``ValueError`` (``FormError`` names each), and change nothing. A symbol is listed by its first order,
    with a tick of 0.01, unless ``list_instrument`` has listed it.

    ``time`` stands still until ``advance_to`` moves it. After each call ``events`` and ``trades`` have what it caused,
    for all users, in order. It is not thread-safe.
    """

    def __init__(self, time: datetime = EPOCH) -> None:
        self._engine = MatchingEngine()
        self._time_ns = _ns(time)
        self.events: list[Event] = []
        self.trades: tuple[Trade, ...] = ()

    @property
    def time(self) -> datetime:
        """The time that orders are stamped with."""
        return EPOCH + self._time_ns // 1_000 * MICROSECOND

    def advance_to(self, time: datetime) -> None:
        """Let time pass: orders that are due by then expire. Raises ``ValueError`` if the time has passed."""
        time_ns = _ns(time)
        if time_ns < self._time_ns:
            raise ValueError(f"{time} has passed: it is {self.time}")
        self._time_ns = time_ns
        self._apply(ExpireDue())

    def place(
        self, symbol: str, side: str, quantity: Amount, price: Amount | None = None, **terms: Unpack[OrderTerms]
    ) -> Order:
        """Place an order; return it after its trades. One that the rulebook refuses is REJECTED, with a reason."""
        fields = {"symbol": symbol, "side": side, "quantity": quantity, "price": price, **terms}
        if "expire_at" in fields:
            fields["expire_at"] = _rfc_3339(terms["expire_at"])
        self._apply(place_order(read_fields(fields, _PLACE_FIELDS, PLACE_REQUIRED)))
        return self._order(self._newest_state_of(self._engine.sequence))

    def amend(self, order_id: str, **terms: Unpack[NewTerms]) -> Order:
        """Give a live order new terms; return it after its trades. Raises ``Refused``."""
        command = amend_order(read_fields(terms, AMEND_FIELDS), order_id=parse_order_id(order_id))
        sequence = self._sequence_of(command)
        self._apply(command)
        return self._order(self._newest_state_of(sequence))

    def cancel(self, order_id: str) -> Order:
        """Cancel what is left of a live order; return it. Raises ``Refused``."""
        command = command_of(CancelOrder, read_fields({"order_id": order_id}, CANCEL_FIELDS))
        sequence = self._sequence_of(command)
        self._apply(command)
        return self._order(self._newest_state_of(sequence))

    def cancel_all(self, user_id: str, symbol: str | None = None, side: str | None = None) -> list[Order]:
        """Cancel a user's live orders, oldest first; return them."""
        fields = read_fields({"user_id": user_id, "symbol": symbol, "side": side}, CANCEL_ALL_FIELDS, ("user_id",))
        self._apply(command_of(CancelAll, fields))
        return [self._order(state) for event in self.events for state in _states_of(event)]

    def list_instrument(self, symbol: str, **terms: Unpack[InstrumentTerms]) -> None:
        """List an instrument, or change the named terms of a listed one. Raises ``Refused``."""
        self._apply(set_instrument(read_fields({"symbol": symbol, **terms}, INSTRUMENT_FIELDS)))

    def set_state(self, symbol: str, state: str) -> None:
        """Set the state of a session: OPEN, PRE_OPEN (a call: OPEN ends it in an auction), HALTED or CLOSED."""
        self._apply(command_of(SetState, read_fields({"symbol": symbol, "state": state}, STATE_FIELDS)))

    def settle(self, symbol: str, price: Amount) -> None:
        """Cancel all orders of an instrument, end all positions at a price, and close it for good."""
        self._apply(command_of(SettleInstrument, read_fields({"symbol": symbol, "price": price}, SETTLE_FIELDS)))

    def apply(self, command: Command) -> list[Event]:
        """Carry out a command of the matching engine's own; return its events. A refusal is an event here."""
        self._carry_out(command)
        return self.events

    def order(self, order_id: str) -> Order | None:
        """Return a live order, without trades; None if there is none."""
        order = self._engine.live.find(order_id)
        return None if order is None else order_of(order.state(), self._tick_of(order.placed.symbol), ())

    def orders(self, user_id: str) -> list[Order]:
        """Return a user's live orders, oldest first, without trades."""
        live = self._engine.live.of_user(user_id)
        return [order_of(order.state(), self._tick_of(order.placed.symbol), ()) for order in live]

    def depth(self, symbol: str, levels: int | None = 10) -> Depth:
        """Return the best levels of a book, all if None. Raises ``KeyError`` if the symbol is not listed."""
        book = self._engine.books[symbol]
        instrument = book.instrument
        bids, asks = (_levels(islice(side.best_first(), levels), instrument) for side in (book.bids, book.asks))
        return Depth(symbol=symbol, state=book.state, bids=bids, asks=asks)

    def last_price(self, symbol: str) -> Decimal | None:
        """Return the price of the newest trade; None before the first."""
        book = self._engine.books.get(symbol)
        if book is None or book.last_trade_price_e8 is None:
            return None
        return price_of(book.last_trade_price_e8, book.instrument.tick_size_e8)

    def position(self, user_id: str, symbol: str) -> Decimal:
        """Return what a user bought less what the user sold."""
        book = self._engine.books.get(symbol)
        return quantity_of(0 if book is None else book.position_e8(user_id))

    def _apply(self, command: Command) -> None:
        self._carry_out(command)
        if self.events and isinstance(self.events[-1], _REFUSALS):
            raise Refused(self.events[-1].reason)

    def _carry_out(self, command: Command) -> None:
        engine = self._engine
        self.events = engine.apply(command, engine.sequence + 1, self._time_ns)
        self.trades = tuple(
            trade_of(event, self._tick_of(event.symbol)) for event in self.events if isinstance(event, TradeExecuted)
        )

    def _sequence_of(self, command: AmendOrder | CancelOrder) -> int | None:
        order = self._engine.live.named_by(command)
        return None if order is None else order.sequence

    def _newest_state_of(self, sequence: int | None) -> OrderState:
        states = (state for event in reversed(self.events) for state in _states_of(event))
        return next(state for state in states if state.sequence == sequence)

    def _order(self, state: OrderState) -> Order:
        return order_of(state, self._tick_of(state.placed.symbol), self.trades)

    def _tick_of(self, symbol: str) -> int:
        book = self._engine.books.get(symbol)
        return self._engine.settings.default_tick_size_e8 if book is None else book.instrument.tick_size_e8


def _states_of(event: Event) -> tuple[OrderState, ...]:
    if isinstance(event, TradeExecuted):
        return event.buy, event.sell
    state = getattr(event, "order", None)
    return () if state is None else (state,)


def _levels(levels: Iterable[PriceLevel], instrument: Instrument) -> tuple[Level, ...]:
    tick_e8, lot_e8 = instrument.tick_size_e8, instrument.lot_size_e8
    return tuple(
        Level(price_of(level.price_ticks * tick_e8, tick_e8), quantity_of(level.shown_lots * lot_e8), level.length)
        for level in levels
    )


def _ns(time: datetime) -> int:
    if time.tzinfo is None:
        raise ValueError(f"{time} has no time zone")
    return (time - EPOCH) // MICROSECOND * 1_000


def _rfc_3339(time: datetime) -> str:
    _ns(time)
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
