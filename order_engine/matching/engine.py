"""The matching engine: a pure function of commands. The same commands in the same order give the same events.

It reads no clock and uses no randomness; sequence and time come with each command. It is not thread-safe: its owner
applies one command at a time.
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import UNSET

from order_engine.matching.accounts import EVERYBODY, Accounts
from order_engine.matching.admission import Admission
from order_engine.matching.amendment import amend
from order_engine.matching.bounds import UNBOUNDED, Bounds
from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Configure,
    Continue,
    DelistInstrument,
    DisableUser,
    EnableUser,
    ExpireDue,
    PlaceOrder,
    SessionState,
    SetInstrument,
    SetRiskLimits,
    SetState,
    SettleInstrument,
)
from order_engine.matching.endings import Ending, Endings
from order_engine.matching.events import (
    AmendRejected,
    CancelRejected,
    Configured,
    Event,
    InstrumentChanged,
    InstrumentListed,
    InstrumentRejected,
    OrderAccepted,
    OrderRejected,
    OrderStatus,
    RiskLimitsChanged,
    StateRejected,
    UserDisabled,
    UserEnabled,
)
from order_engine.matching.expiries import Expiries
from order_engine.matching.instrument import Instrument
from order_engine.matching.live_orders import LiveOrders
from order_engine.matching.order import Order, as_placed
from order_engine.matching.order_book import OrderBook
from order_engine.matching.outcome import Outcome
from order_engine.matching.reason import Reason
from order_engine.matching.session import enter_state, follow_up
from order_engine.matching.settlement import delist, settle

# Members by a name of their own: as an attribute of its enumeration each costs several times as much.
_OPEN = OrderStatus.OPEN
_PENDING = OrderStatus.PENDING
_REJECTED = OrderStatus.REJECTED
_USER_REQUESTED = Reason.USER_REQUESTED
_DISCONNECT = Reason.DISCONNECT
_UNKNOWN_ORDER = Reason.UNKNOWN_ORDER

RULES_VERSION = 1
_LETS_NONE_TRADE = frozenset(
    {CancelOrder, CancelAll, DisableUser, ExpireDue, Continue, SettleInstrument, DelistInstrument}
)


def lets_none_trade(command: Command) -> bool:
    """Whether no order can trade by a command, unless stops wait for their turn."""
    if type(command) is SetState:
        return command.state is not SessionState.OPEN
    return type(command) in _LETS_NONE_TRADE


class MatchingEngine:
    """All books, all live orders, what is known of users, and the settings that matching reads."""

    def __init__(self) -> None:
        self.sequence = 0
        self.timestamp_ns = 0
        self.books: dict[str, OrderBook] = {}
        # Those with stops whose turn has not come, as a record's bound was reached.
        self._unfinished: dict[str, OrderBook] = {}
        self.live = LiveOrders()
        self.accounts = Accounts(self.live)
        self.expiries = Expiries(self.live)
        self.endings = Endings(self.live, self.books, UNBOUNDED)
        self._to_end = self.endings.left
        self._admission = Admission(self.live, self.accounts)
        self._last = Outcome(0, 0)
        self.give_settings(Configure())
        self._handlers: dict[type, Callable[[Any, Outcome], None]] = {  # Any: each takes its own kind of command
            PlaceOrder: self._place,
            AmendOrder: self._amend,
            CancelOrder: self._cancel,
            CancelAll: self._cancel_all,
            SetInstrument: self._set_instrument,
            SetState: self._set_state,
            SettleInstrument: lambda command, outcome: settle(self.books, self.endings, command, outcome),
            DelistInstrument: lambda command, outcome: delist(self.books, command, outcome),
            SetRiskLimits: self._set_risk_limits,
            DisableUser: self._disable_user,
            EnableUser: self._enable_user,
            ExpireDue: lambda _command, _outcome: None,
            Continue: self._continue,
            Configure: self._configure,
        }

    def apply(self, command: Command, sequence: int, timestamp_ns: int, trades_max: int | None = None) -> list[Event]:
        """Carry out one command, or refuse it; return its events in order. By default it is a record by itself.

        ``sequence`` must rise and ``timestamp_ns`` (UTC, since 1970) must not fall from one command to the next.
        """
        assert sequence > self.sequence, f"sequence {sequence} after {self.sequence}"
        assert timestamp_ns >= self.timestamp_ns, f"time {timestamp_ns} after {self.timestamp_ns}"
        outcome = Outcome(sequence, timestamp_ns, self._trades_max if trades_max is None else trades_max)
        due = self.expiries.heap
        if due and due[0][0] <= timestamp_ns:
            self._expire(command, outcome)
        if self._unfinished:
            self._go_on_where_named(command, outcome)
        self._handlers[type(command)](command, outcome)
        self.sequence = sequence
        self.timestamp_ns = timestamp_ns
        self._last = outcome
        return outcome.events

    def apply_record(
        self,
        commands: Sequence[Command],
        sequence: int,
        timestamp_ns: int,
        may_go_on: Callable[[], bool] = lambda: True,
    ) -> list[list[Event]]:
        """Carry out commands numbered from ``sequence`` as one record; where its bound ends it, only the first.

        It ends as well where the caller, who is asked before each command but the first, does not let it go on.
        """
        events, left = list[list[Event]](), self._trades_max
        for place, command in enumerate(commands):
            if place and (left <= 0 or not may_go_on()):
                break
            events.append(self.apply(command, sequence + place, timestamp_ns, left))
            left = self._last.steps_left
        return events

    @property
    def left_over(self) -> Continue | None:
        """The command that goes on with something that a bound left; None if nothing is left."""
        if not self._unfinished and not self._to_end:
            return None
        if self._to_end:
            return Continue(begun_by=self.endings.first)
        symbol = self.unfinished
        return None if symbol is None else Continue(symbol=symbol)

    @property
    def unfinished(self) -> str | None:
        """A symbol with stops whose turn has not come; None if there is none."""
        while self._unfinished:
            symbol, book = next(iter(self._unfinished.items()))
            if book.stops.has_triggered:
                return symbol
            del self._unfinished[symbol]
        return None

    def left_over_for(self, command: Command) -> Continue | None:
        """Return the command that comes first because a bound left something that this one waits for; else None."""
        if self._to_end and type(command) is SetState:
            begun_by = self.endings.of_day(command.symbol)
            if begun_by is not None:
                return Continue(begun_by=begun_by)
        symbol = self.unfinished_for(command) if self._unfinished else None
        return None if symbol is None else Continue(symbol=symbol)

    def unfinished_for(self, command: Command) -> str | None:
        """Return the symbol that a command names, if stops there wait for their turn; else None."""
        if isinstance(command, AmendOrder | CancelOrder):
            order = self.live.named_by(command)
            symbol = command.symbol if order is None else order.placed.symbol
        else:
            symbol = getattr(command, "symbol", None)
        return symbol if symbol in self._unfinished and self._unfinished[symbol].stops.has_triggered else None

    def finish(self) -> list[Event]:
        """Go on, as part of the last command, with all that its bound left. For streams: none can come between."""
        events: list[Event] = []
        while (begun_by := self.endings.first) is not None:
            self.endings.finish(begun_by, Outcome(self.sequence, self.timestamp_ns, events=events))
        while (symbol := self.unfinished) is not None:
            trades = self._last.trade_count
            outcome = Outcome(self.sequence, self.timestamp_ns, self._trades_max + trades, events, trades)
            self._follow_up(self._unfinished[symbol], outcome)
            self._last = outcome
        return events

    def give_settings(self, settings: Configure) -> None:
        """Use these settings from now on."""
        self.settings = settings
        bounds = Bounds.of(settings)
        self._trades_max = bounds.steps_max
        self.endings.orders_max = bounds.endings_max
        self._admission.give_bounds(bounds)
        for book in self.books.values():
            book.give_terms(book.instrument, settings.self_trade_prevention)

    def restore_turns(self, book: OrderBook, sequences: list[int]) -> None:
        """Queue the triggered stops that waited for their turn when the book was dumped."""
        book.stops.restore_turns(sequences)
        self._unfinished[book.instrument.symbol] = book

    def open_book(self, instrument: Instrument) -> OrderBook:
        """Add an empty book."""
        book = self.books[instrument.symbol] = OrderBook(instrument, self.live)
        book.give_terms(instrument, self.settings.self_trade_prevention)
        return book

    def default_instrument(self, symbol: str) -> Instrument:
        """Return the terms that a symbol is listed with unless others are named."""
        settings = self.settings
        return Instrument(
            symbol=symbol, tick_size_e8=settings.default_tick_size_e8, lot_size_e8=settings.default_lot_size_e8
        )

    def _place(self, placed: PlaceOrder, outcome: Outcome) -> None:
        book = self.books.get(placed.symbol)
        instrument = self._listable(placed.symbol) if book is None else book.instrument
        sequence, timestamp_ns = outcome.sequence, outcome.timestamp_ns
        reason = self._admission.of_order(placed, sequence, timestamp_ns, instrument, book)
        if reason is not None:
            outcome.events.append(OrderRejected(as_placed(placed, sequence, timestamp_ns, _REJECTED, reason)))
            return
        assert instrument is not None
        if book is None:
            book = self._list(instrument, outcome)
        order = Order(placed, instrument, sequence, timestamp_ns)
        if order.status is _PENDING:
            # First, because a trailing stop has its stop price only once it waits.
            book.wait(order)
            outcome.events.append(OrderAccepted(order.state()))
        else:
            outcome.events.append(OrderAccepted(as_placed(placed, sequence, timestamp_ns, _OPEN)))
            book.enter(order, outcome)
        if order.remaining_lots:
            self.live.add(order)
        if placed.expire_at_ns is not None:
            self.expiries.add(order)
        # Without a waiting stop or a breaker there is nothing to check.
        if book.stops.orders or (outcome.trade_count and book.instrument.circuit_breaker_percent_e8):
            self._follow_up(book, outcome)

    def _amend(self, command: AmendOrder, outcome: Outcome) -> None:
        order = self.live.named_by(command)
        if order is None:
            rejected = AmendRejected(command.order_id, command.symbol, _UNKNOWN_ORDER)
            outcome.events.append(rejected)
            return
        book = self.books[order.placed.symbol]
        reason = self._admission.of_amend(command, order, book)
        if reason is not None:
            outcome.events.append(AmendRejected(order.order_id, order.placed.symbol, reason, order.placed.user_id))
            return
        amend(book, order, command, outcome)
        if book.stops.orders or (outcome.trade_count and book.instrument.circuit_breaker_percent_e8):
            self._follow_up(book, outcome)

    def _cancel(self, command: CancelOrder, outcome: Outcome) -> None:
        order = self.live.named_by(command)
        if order is None:
            rejected = CancelRejected(command.order_id, command.symbol, _UNKNOWN_ORDER)
            outcome.events.append(rejected)
            return
        reason = _DISCONNECT if command.on_disconnect else _USER_REQUESTED
        self.books[order.placed.symbol].cancel(order, reason, outcome)

    def _cancel_all(self, command: CancelAll, outcome: Outcome) -> None:
        ending = Ending(
            begun_by=outcome.sequence,
            reason=Reason.USER_REQUESTED,
            user_id=command.user_id,
            symbol=command.symbol,
            side=command.side,
        )
        self.endings.begin(ending, outcome)

    def _set_instrument(self, command: SetInstrument, outcome: Outcome) -> None:
        book = self.books.get(command.symbol)
        if book is None:
            instrument = self.default_instrument(command.symbol).changed_by(command)
            if self._is_full() and self.settings.admins_list_beyond_max is not True:
                outcome.events.append(InstrumentRejected(command.symbol, Reason.UNKNOWN_SYMBOL))
            elif instrument.limits_contradict:
                outcome.events.append(InstrumentRejected(command.symbol, Reason.INVALID_INSTRUCTION))
            else:
                self._list(instrument, outcome)
            return
        if book.instrument.is_settled:
            outcome.events.append(InstrumentRejected(command.symbol, Reason.MARKET_CLOSED))
            return
        instrument = book.instrument.changed_by(command)
        if instrument.limits_contradict or (book.has_orders and not instrument.has_steps_of(book.instrument)):
            outcome.events.append(InstrumentRejected(command.symbol, Reason.INVALID_INSTRUCTION))
            return
        book.give_terms(instrument, self.settings.self_trade_prevention)
        outcome.events.append(InstrumentChanged(instrument, book.state))

    def _set_state(self, command: SetState, outcome: Outcome) -> None:
        book = self.books.get(command.symbol)
        if book is None:
            instrument = self._listable(command.symbol)
            if instrument is None:
                outcome.events.append(StateRejected(command.symbol, Reason.UNKNOWN_SYMBOL))
                return
            book = self._list(instrument, outcome)
        elif book.instrument.is_settled:
            outcome.events.append(StateRejected(command.symbol, Reason.MARKET_CLOSED))
            return
        begun_by = self.endings.of_day(command.symbol)
        if begun_by is not None:
            # Otherwise they could trade in the next session.
            self.endings.finish(begun_by, outcome)
        enter_state(book, command.state, outcome)
        if command.state is SessionState.CLOSED:
            ending = Ending(begun_by=outcome.sequence, reason=Reason.EXPIRED, symbol=command.symbol)
            self.endings.begin(ending, outcome)
        self._note_unfinished(book)

    def _set_risk_limits(self, command: SetRiskLimits, outcome: Outcome) -> None:
        self.accounts.limits[command.user_id] = command
        outcome.events.append(RiskLimitsChanged(command, self.accounts.is_disabled(command.user_id)))

    def _disable_user(self, command: DisableUser, outcome: Outcome) -> None:
        user_id: str | None = command.user_id
        if user_id == EVERYBODY and self.settings.everybody_can_be_disabled is True:
            self.accounts.everybody_is_disabled = True
            user_id = None
        else:
            self.accounts.disabled.add(command.user_id)
        outcome.events.append(UserDisabled(command.user_id))
        ending = Ending(begun_by=outcome.sequence, reason=Reason.USER_DISABLED, user_id=user_id)
        self.endings.begin(ending, outcome)

    def _enable_user(self, command: EnableUser, outcome: Outcome) -> None:
        accounts = self.accounts
        accounts.disabled.discard(command.user_id)
        if command.user_id == EVERYBODY:
            accounts.everybody_is_disabled = False
        outcome.events.append(UserEnabled(command.user_id, accounts.everybody_is_disabled or UNSET))

    def _continue(self, command: Continue, outcome: Outcome) -> None:
        # Stops have had their turn already, as before every command that names their instrument.
        if command.begun_by is not None:
            self.endings.go_on(command.begun_by, outcome)

    def _go_on_where_named(self, command: Command, outcome: Outcome) -> None:
        symbol = self.unfinished_for(command)
        if symbol is not None:
            self._follow_up(self._unfinished[symbol], outcome)

    def _follow_up(self, book: OrderBook, outcome: Outcome) -> None:
        follow_up(book, 0, outcome)
        self._note_unfinished(book)

    def _note_unfinished(self, book: OrderBook) -> None:
        if book.stops.has_triggered:
            self._unfinished[book.instrument.symbol] = book
        else:
            self._unfinished.pop(book.instrument.symbol, None)

    def _expire(self, command: Command, outcome: Outcome) -> None:
        # What is due must not trade. Where a command lets none trade, some may be left for later.
        some_may_wait = lets_none_trade(command) and self.unfinished is None
        orders_max = self.endings.orders_max if some_may_wait else UNBOUNDED
        for order in self.expiries.take_due(outcome.timestamp_ns, orders_max):
            self.books[order.placed.symbol].expire(order, outcome)

    def _configure(self, command: Configure, outcome: Outcome) -> None:
        self.give_settings(command)
        outcome.events.append(Configured(command))

    def _listable(self, symbol: str) -> Instrument | None:
        if not self.settings.auto_list or self._is_full():
            return None
        return self.default_instrument(symbol)

    def _is_full(self) -> bool:
        return len(self.books) >= self.settings.max_instruments

    def _list(self, instrument: Instrument, outcome: Outcome) -> OrderBook:
        book = self.open_book(instrument)
        outcome.events.append(InstrumentListed(instrument))
        return book
