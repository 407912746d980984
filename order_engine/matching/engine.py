"""The matching engine: a pure function of commands. The same commands in the same order give the same events.

It reads no clock and draws no chance; sequence and time come with each command. It is not thread-safe: whoever owns it
lets one command in at a time.
"""

from order_engine.matching.admission import refusal_of_amend, refusal_of_order
from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Configure,
    PlaceOrder,
    SetInstrument,
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
    OrderRejected,
)
from order_engine.matching.instrument import Instrument
from order_engine.matching.live_orders import LiveOrders
from order_engine.matching.order import Order, refused
from order_engine.matching.order_book import OrderBook
from order_engine.matching.outcome import Outcome
from order_engine.matching.reason import Reason

RULES_VERSION = 1


class MatchingEngine:
    """All books, all live orders, and the settings that matching reads."""

    def __init__(self) -> None:
        self.sequence = 0
        self.timestamp_ns = 0
        self.settings = Configure()
        self.books: dict[str, OrderBook] = {}
        self.live = LiveOrders()

    def apply(self, command: Command, sequence: int, timestamp_ns: int) -> list[Event]:
        """Carry out one command, or refuse it; return what happened, in order.

        ``sequence`` must rise and ``timestamp_ns`` (UTC, since 1970) must not fall from one command to the next.
        """
        assert sequence > self.sequence, f"sequence {sequence} after {self.sequence}"
        assert timestamp_ns >= self.timestamp_ns, f"time {timestamp_ns} after {self.timestamp_ns}"
        outcome = Outcome(sequence, timestamp_ns)
        match command:
            case PlaceOrder():
                self._place(command, outcome)
            case CancelOrder():
                self._cancel(command, outcome)
            case AmendOrder():
                self._amend(command, outcome)
            case CancelAll():
                self._cancel_all(command, outcome)
            case SetInstrument():
                self._set_instrument(command, outcome)
            case Configure():
                self._configure(command, outcome)
        self.sequence = sequence
        self.timestamp_ns = timestamp_ns
        return outcome.events

    def _place(self, placed: PlaceOrder, outcome: Outcome) -> None:
        book = self.books.get(placed.symbol)
        instrument = self._listable(placed.symbol) if book is None else book.instrument
        reason = refusal_of_order(placed, outcome.sequence, instrument, book, self.live)
        if reason is not None:
            state = refused(placed, outcome.sequence, outcome.timestamp_ns, reason)
            outcome.events.append(OrderRejected(state))
            return
        assert instrument is not None
        if book is None:
            book = self._list(instrument, outcome)
        order = Order(placed, instrument, outcome.sequence, outcome.timestamp_ns)
        outcome.events.append(OrderAccepted(order.state()))
        book.place(order, outcome)

    def _amend(self, command: AmendOrder, outcome: Outcome) -> None:
        order = self.live.named_by(command)
        if order is None:
            rejected = AmendRejected(command.order_id, command.symbol, Reason.UNKNOWN_ORDER)
            outcome.events.append(rejected)
            return
        book = self.books[order.placed.symbol]
        reason = refusal_of_amend(command, order, book)
        if reason is not None:
            outcome.events.append(AmendRejected(order.order_id, order.placed.symbol, reason))
            return
        price_ticks, quantity_lots = order.price_ticks, order.quantity_lots
        if command.price_e8 is not None:
            price_ticks = command.price_e8 // book.instrument.tick_size_e8
        if command.quantity_e8 is not None:
            quantity_lots = command.quantity_e8 // book.instrument.lot_size_e8
        assert price_ticks is not None
        book.amend(order, price_ticks, quantity_lots, outcome)

    def _cancel(self, command: CancelOrder, outcome: Outcome) -> None:
        order = self.live.named_by(command)
        if order is None:
            rejected = CancelRejected(command.order_id, command.symbol, Reason.UNKNOWN_ORDER)
            outcome.events.append(rejected)
            return
        self.books[order.placed.symbol].cancel(order, Reason.USER_REQUESTED, outcome)

    def _cancel_all(self, command: CancelAll, outcome: Outcome) -> None:
        for order in self.live.of_user(command.user_id):
            placed = order.placed
            if command.symbol in (None, placed.symbol) and command.side in (None, placed.side):
                self.books[placed.symbol].cancel(order, Reason.USER_REQUESTED, outcome)

    def _set_instrument(self, command: SetInstrument, outcome: Outcome) -> None:
        book = self.books.get(command.symbol)
        if book is None:
            self._list_as(command, outcome)
            return
        instrument = _changed(book.instrument, command)
        if instrument != book.instrument and (book.bids.levels or book.asks.levels):
            outcome.events.append(InstrumentRejected(command.symbol, Reason.INVALID_INSTRUCTION))
            return
        book.instrument = instrument
        outcome.events.append(InstrumentChanged(instrument))

    def _list_as(self, command: SetInstrument, outcome: Outcome) -> None:
        if len(self.books) >= self.settings.max_instruments:
            outcome.events.append(InstrumentRejected(command.symbol, Reason.UNKNOWN_SYMBOL))
        else:
            self._list(_changed(self._default_instrument(command.symbol), command), outcome)

    def _configure(self, command: Configure, outcome: Outcome) -> None:
        self.settings = command
        outcome.events.append(Configured(command))

    def _listable(self, symbol: str) -> Instrument | None:
        if not self.settings.auto_list or len(self.books) >= self.settings.max_instruments:
            return None
        return self._default_instrument(symbol)

    def _default_instrument(self, symbol: str) -> Instrument:
        settings = self.settings
        return Instrument(
            symbol=symbol, tick_size_e8=settings.default_tick_size_e8, lot_size_e8=settings.default_lot_size_e8
        )

    def _list(self, instrument: Instrument, outcome: Outcome) -> OrderBook:
        book = self.books[instrument.symbol] = OrderBook(instrument, self.live)
        outcome.events.append(InstrumentListed(instrument))
        return book


def _changed(instrument: Instrument, command: SetInstrument) -> Instrument:
    return Instrument(
        symbol=instrument.symbol,
        tick_size_e8=command.tick_size_e8 or instrument.tick_size_e8,
        lot_size_e8=command.lot_size_e8 or instrument.lot_size_e8,
    )
