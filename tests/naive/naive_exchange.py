"""The naive exchange: the rulebook in the plainest code, to check the matching engine against.

It keeps sorted lists of orders and searches them for every look-up. It shares with the engine only the types of
commands and events.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, UnsetType, structs

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
    TimeInForce,
)
from order_engine.matching.events import (
    AmendRejected,
    CancelRejected,
    Configured,
    Event,
    InstrumentChanged,
    InstrumentListed,
    InstrumentRejected,
    OrderAccepted,
    OrderAmended,
    OrderRejected,
    OrderStatus,
    RiskLimitsChanged,
    StateRejected,
    UserDisabled,
    UserEnabled,
)
from order_engine.matching.instrument import Instrument
from order_engine.matching.reason import Reason
from tests.naive.naive_book import NaiveBook, NaiveReport
from tests.naive.naive_order import STOPS, NaiveOrder
from tests.naive.naive_refusals import NaiveBounds, NewTerms, contradicts_itself, why_not_amended, why_not_placed
from tests.naive.naive_risk import NaiveRisk
from tests.naive.naive_settlement import delist, settle


@dataclass(eq=False)
class NaiveEnding:
    """The orders that a command is to end, in order of sequence; the symbol if they are those of its day."""

    begun_by: int
    reason: Reason
    orders: list[NaiveOrder]
    day_of: str | None


class NaiveExchange:
    """Takes the same commands as ``MatchingEngine`` and must give the same events."""

    def __init__(self) -> None:
        self.settings = Configure()
        self.books: dict[str, NaiveBook] = {}
        self.disabled: list[str] = []
        self.none_may_order = False
        self.report = NaiveReport()
        self.risk = NaiveRisk(self.report)
        self._timestamp_ns = 0
        self._to_end: list[NaiveEnding] = []

    def apply(self, command: Command, sequence: int, timestamp_ns: int) -> list[Event]:
        """Carry out one command, or refuse it; return its events in order."""
        self.report.sequence, self.report.events, self._timestamp_ns = sequence, [], timestamp_ns
        self.report.steps_max, self.report.prevented = self._set(self.settings.trades_max, 10**18), 0
        for order in self._that_expire_before(command):
            self._book_of(order).expire(order)
        self._go_on(command)
        handlers: dict[type, Callable[[Any], None]] = {  # Any: each takes its own kind of command
            PlaceOrder: self._place,
            AmendOrder: self._amend,
            CancelOrder: self._cancel_one,
            CancelAll: self._cancel_all,
            SetInstrument: self._set_instrument,
            SetState: self._set_state,
            SettleInstrument: lambda settling: settle(settling, self.books, self.report, self.begin_to_end),
            DelistInstrument: lambda delisting: delist(delisting, self.books, self.report),
            SetRiskLimits: self._set_risk_limits,
            DisableUser: self._disable_user,
            EnableUser: self._enable_user,
            ExpireDue: lambda _: None,
            Continue: self._continue,
            Configure: self._configure,
        }
        handlers[type(command)](command)
        return self.report.events

    def _that_expire_before(self, command: Command) -> list[NaiveOrder]:
        """Find what is due; of very many only the first where the command lets none trade."""
        due: list[tuple[int, int, NaiveOrder]] = []
        for order in self.live_orders():
            expire_at_ns = order.placed.expire_at_ns
            if expire_at_ns is not None and self._timestamp_ns >= expire_at_ns:
                due.append((expire_at_ns, order.sequence, order))
        lets_none_trade = isinstance(
            command,
            CancelOrder | CancelAll | DisableUser | ExpireDue | Continue | SettleInstrument | DelistInstrument,
        ) or (isinstance(command, SetState) and command.state is not SessionState.OPEN)
        if lets_none_trade and not any(book.queue for book in self.books.values()):
            if len(due) > self._endings_max():
                self.report.meet("some of what is due waits")
            due = sorted(due, key=lambda each: each[:2])[: self._endings_max()]
        return sorted((order for _, _, order in due), key=lambda order: order.sequence)

    def _endings_max(self) -> int:
        return self._set(self.settings.endings_max, 10**18)

    def begin_to_end(self, orders: list[NaiveOrder], reason: Reason, day_of: str | None = None) -> None:
        """Begin to end these orders, in order of sequence."""
        self._to_end.append(NaiveEnding(self.report.sequence, reason, orders, day_of))
        self._end_more(self._to_end[-1])

    def _end_more(self, ending: NaiveEnding) -> None:
        """End some of the orders that still live."""
        live = [order for order in ending.orders if order in self.live_orders()]
        for order in live[: self._endings_max()]:
            if ending.reason is Reason.EXPIRED:
                self._book_of(order).expire(order)
            else:
                self._book_of(order).cancel(order, ending.reason)
        if len(live) <= self._endings_max():
            self._to_end.remove(ending)
        else:
            self.report.meet(f"some orders wait for their end: {ending.reason}")

    def _continue(self, command: Continue) -> None:
        for ending in [ending for ending in self._to_end if ending.begun_by == command.begun_by]:
            self.report.meet("orders that waited for their end")
            self._end_more(ending)

    def _go_on(self, command: Command) -> None:
        """Before a command that names an instrument, give its waiting triggered stops their turn."""
        symbol = getattr(command, "symbol", None)
        if isinstance(command, AmendOrder | CancelOrder):
            order = self._find(command)
            symbol = symbol if order is None else order.placed.symbol
        book = self.books.get(symbol or "")
        if book is not None and book.queue:
            self.report.meet("stops get their turn before another command")
            book.look_at_triggers(trades_before=0)

    def _set(self, setting: int | UnsetType, otherwise: int) -> int:
        return otherwise if isinstance(setting, UnsetType) else setting

    def live_orders(self) -> list[NaiveOrder]:
        """Every order that rests or waits, in order of sequence."""
        live = [order for book in self.books.values() for order in book.live()]
        return sorted(live, key=lambda order: order.sequence)

    def _book_of(self, order: NaiveOrder) -> NaiveBook:
        return self.books[order.placed.symbol]

    def _say(self, event: Event) -> None:
        self.report.events.append(event)

    # ---- orders

    def _place(self, placed: PlaceOrder) -> None:
        order = NaiveOrder(
            placed=placed,
            order_id=placed.order_id if placed.order_id is not None else str(self.report.sequence),
            sequence=self.report.sequence,
            timestamp_ns=self._timestamp_ns,
            price_e8=placed.price_e8,
            quantity_e8=placed.quantity_e8,
            display_e8=placed.display_quantity_e8,
            stop_e8=placed.stop_price_e8,
            trail_e8=placed.trail_amount_e8,
            status=OrderStatus.PENDING if placed.order_type in STOPS else OrderStatus.OPEN,
        )
        reason = self._why_not_placed(order)
        if reason is not None:
            order.status = OrderStatus.REJECTED
            self._say(OrderRejected(order.state(reason)))
            return
        if placed.symbol not in self.books:
            self._list(self._default_instrument(placed.symbol))
        book = self._book_of(order)
        if order.waits:
            order.follow(book.last_price_e8)
            book.stops.append(order)
            self._say(OrderAccepted(order.state()))
        else:
            self._say(OrderAccepted(order.state()))
            book.enter(order)
        book.look_at_triggers(trades_before=0)

    def _why_not_placed(self, order: NaiveOrder) -> Reason | None:
        placed = order.placed
        if self._is_disabled(placed.user_id):
            return Reason.USER_DISABLED
        book = self.books.get(placed.symbol)
        if book is None:
            if not self.settings.auto_list or len(self.books) >= self.settings.max_instruments:
                return Reason.UNKNOWN_SYMBOL
            # An empty book to check the order against; it is not kept.
            book = self._new_book(self._default_instrument(placed.symbol))
        bounds = NaiveBounds(
            self._set(self.settings.iceberg_slices_max, 10**18), self._set(self.settings.max_live_orders, 10**18)
        )
        return why_not_placed(order, book, self.live_orders(), self.risk, self._timestamp_ns, bounds)

    def _amend(self, command: AmendOrder) -> None:
        order = self._find(command)
        if order is None:
            self._say(AmendRejected(command.order_id, command.symbol, Reason.UNKNOWN_ORDER))
            return
        book, terms = self._book_of(order), NewTerms.of(command, order)
        slices_max = self._set(self.settings.iceberg_slices_max, 10_000)
        reason = why_not_amended(command, terms, order, book, self.live_orders(), self.risk, slices_max)
        if self._is_disabled(order.placed.user_id):
            self.report.meet("amend of an order that waits for its end")
            reason = Reason.USER_DISABLED
        if reason is not None:
            self._say(AmendRejected(order.order_id, order.placed.symbol, reason, order.placed.user_id))
        elif terms.quantity_e8 == 0:
            self.report.meet("amend: to zero")
            book.cancel(order, Reason.USER_REQUESTED)
        elif terms.quantity_e8 <= order.filled_e8:
            self.report.meet("amend: at or under what is filled")
            book.cancel(order, Reason.AMENDED_BELOW_FILLED)
        else:
            kinds = terms.differences_from(order)
            for kind in kinds or ("nothing",):
                self.report.meet(f"amend: {kind} of a {'stop' if order.waits else 'resting order'} in {book.state}")
            events_before = len(self.report.events)
            self._give_terms(order, terms, book)
            if len(self.report.events) > events_before + 1:
                self.report.meet("amend: matches at once")
            book.look_at_triggers(trades_before=0)

    def _give_terms(self, order: NaiveOrder, terms: NewTerms, book: NaiveBook) -> None:
        keeps_place = terms.price_e8 == order.price_e8 and terms.quantity_e8 <= order.quantity_e8
        if order.waits:
            order.price_e8, order.quantity_e8 = terms.price_e8, terms.quantity_e8
            order.stop_e8, order.trail_e8 = terms.stop_e8, terms.trail_e8
            order.follow(None)
            self._say(OrderAmended(order.state()))
        elif keeps_place:
            if order.hidden_e8 and terms.quantity_e8 < order.quantity_e8:
                self.report.meet("amend: iceberg shrinks")
            order.reduce(order.quantity_e8 - terms.quantity_e8)
            if order.display_e8 != terms.display_e8:
                order.display_e8 = terms.display_e8
                order.show_new_slice()
            self._say(OrderAmended(order.state()))
        else:
            book.take(order)
            order.price_e8, order.quantity_e8, order.display_e8 = terms.price_e8, terms.quantity_e8, terms.display_e8
            self._say(OrderAmended(order.state()))
            book.enter(order)

    def _cancel_one(self, command: CancelOrder) -> None:
        order = self._find(command)
        if order is None:
            self._say(CancelRejected(command.order_id, command.symbol, Reason.UNKNOWN_ORDER))
        elif command.on_disconnect:
            self._book_of(order).cancel(order, Reason.DISCONNECT)
        else:
            self._book_of(order).cancel(order, Reason.USER_REQUESTED)

    def _cancel_all(self, command: CancelAll) -> None:
        theirs = [order for order in self.live_orders() if order.placed.user_id == command.user_id]
        if command.symbol is None and len({order.waits for order in theirs}) > 1:
            self.report.meet("mass cancel of resting and waiting orders")
        if command.symbol is not None:
            theirs = [order for order in theirs if order.placed.symbol == command.symbol]
        if command.side is not None:
            theirs = [order for order in theirs if order.placed.side is command.side]
        self.begin_to_end(theirs, Reason.USER_REQUESTED)

    def _find(self, command: AmendOrder | CancelOrder) -> NaiveOrder | None:
        for order in self.live_orders():
            if command.symbol is not None and order.placed.symbol != command.symbol:
                continue
            if command.order_id is not None:
                if order.order_id == command.order_id:
                    return order
            elif command.user_id is not None and command.client_order_id is not None:
                theirs = (order.placed.user_id, order.placed.client_order_id)
                if theirs == (command.user_id, command.client_order_id):
                    return order
        return None

    # ---- instruments, users, settings

    def _set_instrument(self, command: SetInstrument) -> None:
        book = self.books.get(command.symbol)
        before = book.instrument if book else self._default_instrument(command.symbol)
        named = {
            name: getattr(command, name) for name in command.__struct_fields__ if name not in ("symbol", "cleared")
        }
        blank = Instrument(symbol=command.symbol, tick_size_e8=1, lot_size_e8=1)
        cleared = {name: getattr(blank, name) for name in command.cleared}
        after = structs.replace(before, **cleared | {name: term for name, term in named.items() if term is not None})
        steps_change = (before.tick_size_e8, before.lot_size_e8) != (after.tick_size_e8, after.lot_size_e8)
        is_full = len(self.books) >= self.settings.max_instruments
        if book is None and is_full and self.settings.admins_list_beyond_max is True:
            self.report.meet("an admin lists beyond the bound")
            is_full = False
        if book is None and is_full:
            self._say(InstrumentRejected(command.symbol, Reason.UNKNOWN_SYMBOL))
        elif book is not None and book.is_settled:
            self._say(InstrumentRejected(command.symbol, Reason.MARKET_CLOSED))
        elif contradicts_itself(after) or (steps_change and book is not None and book.live()):
            self._say(InstrumentRejected(command.symbol, Reason.INVALID_INSTRUCTION))
        elif book is None:
            self._list(after)
        else:
            book.instrument = after
            self._say(InstrumentChanged(after, book.state))

    def _set_state(self, command: SetState) -> None:
        if command.symbol not in self.books:
            if not self.settings.auto_list or len(self.books) >= self.settings.max_instruments:
                self._say(StateRejected(command.symbol, Reason.UNKNOWN_SYMBOL))
                return
            self._list(self._default_instrument(command.symbol))
        if self.books[command.symbol].is_settled:
            self._say(StateRejected(command.symbol, Reason.MARKET_CLOSED))
            return
        for ending in [ending for ending in self._to_end if ending.day_of == command.symbol]:
            self.report.meet("a session waits for the end of the day's orders")
            while ending in self._to_end:
                self._end_more(ending)
        book = self.books[command.symbol]
        book.enter_state(command.state)
        if command.state is SessionState.CLOSED:
            day = [order for order in book.live() if order.placed.time_in_force is TimeInForce.DAY]
            self.begin_to_end(sorted(day, key=lambda order: order.sequence), Reason.EXPIRED, command.symbol)

    def _set_risk_limits(self, command: SetRiskLimits) -> None:
        self.risk.limits[command.user_id] = command
        self._say(RiskLimitsChanged(command, self._is_disabled(command.user_id)))

    def _disable_user(self, command: DisableUser) -> None:
        self._say(UserDisabled(command.user_id))
        if command.user_id == "*" and self.settings.everybody_can_be_disabled is True:
            self.none_may_order = True
            theirs = self.live_orders()
            self.report.meet(f"everybody is disabled with orders in a book: {bool(theirs)}")
        else:
            self.disabled.append(command.user_id)
            theirs = [order for order in self.live_orders() if order.placed.user_id == command.user_id]
            for order in theirs:
                self.report.meet(f"disabled user had {'a stop' if order.waits else 'an order'} in a book")
        self.begin_to_end(theirs, Reason.USER_DISABLED)

    def _is_disabled(self, user_id: str | None) -> bool:
        if self.none_may_order:
            self.report.meet("everybody is disabled, and so is this user")
        return self.none_may_order or user_id in self.disabled

    def _enable_user(self, command: EnableUser) -> None:
        self.disabled = [user_id for user_id in self.disabled if user_id != command.user_id]
        if command.user_id == "*":
            if self.none_may_order and self.disabled:
                self.report.meet("everybody is enabled but those disabled one by one")
            self.none_may_order = False
        if self.none_may_order:
            self.report.meet("an enabled user waits until everybody is enabled")
        self._say(UserEnabled(command.user_id, True if self.none_may_order else UNSET))

    def _configure(self, command: Configure) -> None:
        self.settings = command
        for book in self.books.values():
            book.default_mode = command.self_trade_prevention
        self._say(Configured(command))

    def _default_instrument(self, symbol: str) -> Instrument:
        settings = self.settings
        return Instrument(
            symbol=symbol, tick_size_e8=settings.default_tick_size_e8, lot_size_e8=settings.default_lot_size_e8
        )

    def _new_book(self, instrument: Instrument) -> NaiveBook:
        return NaiveBook(instrument, self.report, self.settings.self_trade_prevention)

    def _list(self, instrument: Instrument) -> None:
        self.books[instrument.symbol] = self._new_book(instrument)
        self._say(InstrumentListed(instrument))
