"""The naive exchange: the rulebook written down the plainest way, to check the matching engine against.

One list of orders per side, sorted again whenever one is added; every look-up is a search through lists. It shares
nothing with the engine but the types of commands and events.
"""

from dataclasses import dataclass, field, replace

from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Configure,
    OrderType,
    PlaceOrder,
    SetInstrument,
    Side,
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
    OrderCanceled,
    OrderRejected,
    OrderStatus,
    TradeExecuted,
)
from order_engine.matching.instrument import Instrument
from order_engine.matching.reason import Reason
from tests.naive.naive_order import NaiveOrder


@dataclass(eq=False)
class NaiveBook:
    """The resting orders of one symbol, each list in order of priority."""

    instrument: Instrument
    buys: list[NaiveOrder] = field(default_factory=list)
    sells: list[NaiveOrder] = field(default_factory=list)

    def own(self, side: Side) -> list[NaiveOrder]:
        """Where orders of a side rest."""
        return self.buys if side is Side.BUY else self.sells

    def other(self, side: Side) -> list[NaiveOrder]:
        """Where orders of a side find their makers."""
        return self.sells if side is Side.BUY else self.buys


class NaiveExchange:
    """Takes the same commands as ``MatchingEngine`` and must say the same."""

    def __init__(self) -> None:
        self.settings = Configure()
        self.books: dict[str, NaiveBook] = {}
        self._arrivals = 0
        self._sequence = 0
        self._timestamp_ns = 0
        self._events: list[Event] = []

    def apply(self, command: Command, sequence: int, timestamp_ns: int) -> list[Event]:
        """Carry out one command, or refuse it; return what happened, in order."""
        self._sequence, self._timestamp_ns, self._events = sequence, timestamp_ns, []
        if isinstance(command, PlaceOrder):
            self._place(command)
        elif isinstance(command, AmendOrder):
            self._amend(command)
        elif isinstance(command, CancelOrder):
            self._cancel_one(command)
        elif isinstance(command, CancelAll):
            self._cancel_all(command)
        elif isinstance(command, SetInstrument):
            self._set_instrument(command)
        else:
            self.settings = command
            self._events.append(Configured(command))
        return self._events

    def live_orders(self) -> list[NaiveOrder]:
        """Every resting order, in order of sequence."""
        resting = [order for book in self.books.values() for order in book.buys + book.sells]
        return sorted(resting, key=lambda order: order.sequence)

    def _place(self, placed: PlaceOrder) -> None:
        order = NaiveOrder(
            placed=placed,
            order_id=placed.order_id if placed.order_id is not None else str(self._sequence),
            sequence=self._sequence,
            timestamp_ns=self._timestamp_ns,
            arrival=self._next_arrival(),
            price_e8=placed.price_e8,
            quantity_e8=placed.quantity_e8,
        )
        reason = self._why_not_placed(order)
        if reason is not None:
            self._events.append(OrderRejected(order.state(reason, OrderStatus.REJECTED)))
            return
        if placed.symbol not in self.books:
            self._list(self._default_instrument(placed.symbol))
        book = self.books[placed.symbol]
        self._events.append(OrderAccepted(order.state()))
        if placed.time_in_force is TimeInForce.FOK and not _could_fill_whole(order, book):
            self._end(order, Reason.FOK_UNFILLED)
            return
        self._match(order, book)
        if order.remaining_e8 == 0:
            return
        if placed.order_type is OrderType.MARKET:
            self._end(order, Reason.NO_LIQUIDITY)
        elif placed.time_in_force is TimeInForce.IOC:
            self._end(order, Reason.IOC_REMAINDER)
        else:
            _rest(order, book)

    def _why_not_placed(self, order: NaiveOrder) -> Reason | None:
        placed = order.placed
        book = self.books.get(placed.symbol)
        if book is None and not (self.settings.auto_list and len(self.books) < self.settings.max_instruments):
            return Reason.UNKNOWN_SYMBOL
        for live in self.live_orders():
            if live.order_id == order.order_id:
                return Reason.DUPLICATE_ORDER_ID
            named = (placed.user_id, placed.client_order_id)
            if None not in named and named == (live.placed.user_id, live.placed.client_order_id):
                return Reason.DUPLICATE_ORDER_ID
        instrument = book.instrument if book else self._default_instrument(placed.symbol)
        if placed.price_e8 is not None and placed.price_e8 % instrument.tick_size_e8 != 0:
            return Reason.TICK_SIZE
        if placed.quantity_e8 % instrument.lot_size_e8 != 0:
            return Reason.LOT_SIZE
        if placed.post_only and book and _makers_for(order, book):
            return Reason.POST_ONLY_WOULD_TAKE
        return None

    def _amend(self, command: AmendOrder) -> None:
        order = self._find(command)
        if order is None:
            self._events.append(AmendRejected(command.order_id, command.symbol, Reason.UNKNOWN_ORDER))
            return
        symbol = order.placed.symbol
        book = self.books[symbol]
        new_price_e8 = order.price_e8 if command.price_e8 is None else command.price_e8
        new_quantity_e8 = order.quantity_e8 if command.quantity_e8 is None else command.quantity_e8
        assert new_price_e8 is not None
        if new_price_e8 % book.instrument.tick_size_e8 != 0:
            self._events.append(AmendRejected(order.order_id, symbol, Reason.TICK_SIZE))
        elif new_quantity_e8 % book.instrument.lot_size_e8 != 0:
            self._events.append(AmendRejected(order.order_id, symbol, Reason.LOT_SIZE))
        elif new_quantity_e8 == 0:
            self._cancel(order, Reason.USER_REQUESTED)
        elif new_quantity_e8 <= order.filled_e8:
            self._cancel(order, Reason.AMENDED_BELOW_FILLED)
        elif order.placed.post_only and _makers_for(replace(order, price_e8=new_price_e8), book):
            self._events.append(AmendRejected(order.order_id, symbol, Reason.POST_ONLY_WOULD_TAKE))
        else:
            self._give_new_terms(order, book, new_price_e8, new_quantity_e8)

    def _give_new_terms(self, order: NaiveOrder, book: NaiveBook, price_e8: int, quantity_e8: int) -> None:
        keeps_place = price_e8 == order.price_e8 and quantity_e8 <= order.quantity_e8
        book.own(order.placed.side).remove(order)
        order.price_e8, order.quantity_e8 = price_e8, quantity_e8
        if not keeps_place:
            order.arrival = self._next_arrival()
        self._events.append(OrderAmended(order.state()))
        self._match(order, book)
        if order.remaining_e8:
            _rest(order, book)

    def _cancel_one(self, command: CancelOrder) -> None:
        order = self._find(command)
        if order is None:
            self._events.append(CancelRejected(command.order_id, command.symbol, Reason.UNKNOWN_ORDER))
        else:
            self._cancel(order, Reason.USER_REQUESTED)

    def _cancel_all(self, command: CancelAll) -> None:
        for order in self.live_orders():
            if order.placed.user_id != command.user_id:
                continue
            if command.symbol is not None and order.placed.symbol != command.symbol:
                continue
            if command.side is not None and order.placed.side is not command.side:
                continue
            self._cancel(order, Reason.USER_REQUESTED)

    def _set_instrument(self, command: SetInstrument) -> None:
        book = self.books.get(command.symbol)
        before = book.instrument if book else self._default_instrument(command.symbol)
        after = Instrument(
            symbol=command.symbol,
            tick_size_e8=before.tick_size_e8 if command.tick_size_e8 is None else command.tick_size_e8,
            lot_size_e8=before.lot_size_e8 if command.lot_size_e8 is None else command.lot_size_e8,
        )
        if book is None:
            if len(self.books) >= self.settings.max_instruments:
                self._events.append(InstrumentRejected(command.symbol, Reason.UNKNOWN_SYMBOL))
            else:
                self._list(after)
        elif after != before and (book.buys or book.sells):
            self._events.append(InstrumentRejected(command.symbol, Reason.INVALID_INSTRUCTION))
        else:
            book.instrument = after
            self._events.append(InstrumentChanged(after))

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

    def _match(self, taker: NaiveOrder, book: NaiveBook) -> None:
        while taker.remaining_e8:
            makers = _makers_for(taker, book)
            if not makers:
                return
            maker = makers[0]
            price_e8 = maker.price_e8
            assert price_e8 is not None
            quantity_e8 = min(taker.remaining_e8, maker.remaining_e8)
            for order in (taker, maker):
                order.filled_e8 += quantity_e8
                order.notional_e16 += quantity_e8 * price_e8
            if maker.remaining_e8 == 0:
                book.own(maker.placed.side).remove(maker)
            self._report_trade(taker, maker, price_e8, quantity_e8)

    def _report_trade(self, taker: NaiveOrder, maker: NaiveOrder, price_e8: int, quantity_e8: int) -> None:
        number = 1 + sum(isinstance(event, TradeExecuted) for event in self._events)
        buy, sell = (taker, maker) if taker.placed.side is Side.BUY else (maker, taker)
        self._events.append(
            TradeExecuted(
                trade_id=f"{self._sequence}-{number}",
                symbol=taker.placed.symbol,
                price_e8=price_e8,
                quantity_e8=quantity_e8,
                taker_side=taker.placed.side,
                buy=buy.state(),
                sell=sell.state(),
            )
        )

    def _cancel(self, order: NaiveOrder, reason: Reason) -> None:
        self.books[order.placed.symbol].own(order.placed.side).remove(order)
        self._end(order, reason)

    def _end(self, order: NaiveOrder, reason: Reason) -> None:
        given_up_e8 = order.remaining_e8
        order.canceled_e8 = given_up_e8
        self._events.append(OrderCanceled(order.state(reason), given_up_e8))

    def _default_instrument(self, symbol: str) -> Instrument:
        settings = self.settings
        return Instrument(
            symbol=symbol, tick_size_e8=settings.default_tick_size_e8, lot_size_e8=settings.default_lot_size_e8
        )

    def _list(self, instrument: Instrument) -> None:
        self.books[instrument.symbol] = NaiveBook(instrument)
        self._events.append(InstrumentListed(instrument))

    def _next_arrival(self) -> int:
        self._arrivals += 1
        return self._arrivals


def _rest(order: NaiveOrder, book: NaiveBook) -> None:
    side = book.own(order.placed.side)
    side.append(order)
    side.sort(key=lambda resting: resting.priority)


def _makers_for(order: NaiveOrder, book: NaiveBook) -> list[NaiveOrder]:
    return [
        resting
        for resting in book.other(order.placed.side)
        if resting.price_e8 is not None and order.accepts(resting.price_e8)
    ]


def _could_fill_whole(order: NaiveOrder, book: NaiveBook) -> bool:
    return sum(resting.remaining_e8 for resting in _makers_for(order, book)) >= order.quantity_e8
