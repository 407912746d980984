"""From events to rows: a pure function. Of an order only its last state in the batch becomes a row.

The tuples have their values in the order of the columns named here; the tables have these columns.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from order_engine.matching.commands import Side
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
    OrderState,
    OrderStatus,
    TradeExecuted,
)
from order_engine.matching.reason import Reason
from order_engine.persistence.candles import Candle, candle_of_trade, minute_of
from order_engine.service.applied import Applied

ORDER_TERMS = (
    *("order_id", "user_id", "client_order_id", "symbol", "side", "order_type", "time_in_force", "post_only"),
    *("placed_price_e8", "placed_quantity_e8", "created_ns"),
)
ORDER_CHANGES = (
    *("price_e8", "quantity_e8", "filled_e8", "remaining_e8", "filled_notional_e16", "status", "reason"),
    *("updated_ns", "updated_sequence"),
)
ORDER_KEY = ("sequence",)
TRADE_COLUMNS = (
    *("sequence", "number", "trade_id", "symbol", "price_e8", "quantity_e8", "taker_side"),
    *("buy_order_id", "sell_order_id", "buy_user_id", "sell_user_id", "executed_ns"),
)
ORDER_EVENT_COLUMNS = (
    *("sequence", "number", "order_id", "event", "reason", "status"),
    *("price_e8", "quantity_e8", "filled_e8", "remaining_e8", "canceled_e8", "occurred_ns"),
)
INSTRUMENT_COLUMNS = ("symbol", "tick_size_e8", "lot_size_e8", "updated_ns", "updated_sequence")

Row = tuple[str | int | None, ...]


class Rows(NamedTuple):
    """What a batch changes in the database.

    ``new_orders`` have the columns terms, changes, key; ``changed_orders`` only changes, key. ``candles`` hold what the
    batch adds to a minute of a symbol.
    """

    new_orders: list[Row]
    changed_orders: list[Row]
    trades: list[Row]
    order_events: list[Row]
    instruments: list[Row]
    candles: dict[tuple[str, int], Candle]


class Moment(NamedTuple):
    """When an event happened: its command, its place among that command's events, and the time."""

    sequence: int
    number: int
    timestamp_ns: int


def rows_of(batch: Iterable[Applied]) -> Rows:
    """Work out the rows of consecutive records."""
    sheet = _Sheet()
    for record, events_of_commands in batch:
        for sequence, events in enumerate(events_of_commands, record.sequence):
            for number, event in enumerate(events):
                _ENTRIES[type(event)](sheet, event, Moment(sequence, number, record.timestamp_ns))
    return sheet.rows()


class _Sheet:
    """Collects the rows of one batch."""

    def __init__(self) -> None:
        self._states: dict[int, tuple[OrderState, Moment]] = {}
        self._placed: set[int] = set()
        self._trades: list[Row] = []
        self._order_events: list[Row] = []
        self._instruments: dict[str, Row] = {}
        self._candles: dict[tuple[str, int], Candle] = {}

    def rows(self) -> Rows:
        new_orders: list[Row] = []
        changed_orders: list[Row] = []
        for sequence, (state, moment) in self._states.items():
            if sequence in self._placed:
                new_orders.append(_terms(state) + _changes(state, moment))
            else:
                changed_orders.append(_changes(state, moment))
        instruments = list(self._instruments.values())
        return Rows(new_orders, changed_orders, self._trades, self._order_events, instruments, self._candles)

    def enter_placed(self, event: OrderAccepted | OrderRejected, moment: Moment) -> None:
        self._placed.add(event.order.sequence)
        self._enter_order(_name_of(event), event.order, None, moment)

    def enter_amended(self, event: OrderAmended, moment: Moment) -> None:
        self._enter_order("amended", event.order, None, moment)

    def enter_canceled(self, event: OrderCanceled, moment: Moment) -> None:
        self._enter_order("canceled", event.order, event.quantity_e8, moment)

    def enter_refusal(self, event: AmendRejected | CancelRejected, moment: Moment) -> None:
        if event.order_id is not None:
            terms = (event.order_id, _name_of(event), _WORDS[event.reason], None, None, None, None, None, None)
            self._order_events.append((moment.sequence, moment.number, *terms, moment.timestamp_ns))

    def enter_trade(self, event: TradeExecuted, moment: Moment) -> None:
        sequence, number, timestamp_ns = moment
        symbol, price_e8, quantity_e8, buy, sell = (
            event.symbol,
            event.price_e8,
            event.quantity_e8,
            event.buy,
            event.sell,
        )
        terms = (event.trade_id, symbol, price_e8, quantity_e8, _WORDS[event.taker_side])
        orders = (buy.order_id, sell.order_id, buy.placed.user_id, sell.placed.user_id)
        self._trades.append((sequence, number, *terms, *orders, timestamp_ns))
        self._states[buy.sequence] = (buy, moment)
        self._states[sell.sequence] = (sell, moment)
        minute = (symbol, minute_of(timestamp_ns))
        candle = self._candles.get(minute)
        if candle is None:
            self._candles[minute] = candle_of_trade(price_e8, quantity_e8)
        else:
            candle.add_trade(price_e8, quantity_e8)

    def enter_instrument(self, event: InstrumentListed | InstrumentChanged, moment: Moment) -> None:
        symbol, terms = event.instrument.symbol, event.instrument
        row = (symbol, terms.tick_size_e8, terms.lot_size_e8, moment.timestamp_ns, moment.sequence)
        self._instruments[symbol] = row

    def leave_out(self, event: InstrumentRejected | Configured, moment: Moment) -> None:
        """Do nothing: the journal knows it, no row shows it."""

    def _enter_order(self, name: str, state: OrderState, canceled_e8: int | None, moment: Moment) -> None:
        sequence, number, timestamp_ns = moment
        self._states[state.sequence] = (state, moment)
        terms = (state.order_id, name, _WORDS[state.reason], _WORDS[state.status])
        amounts = (state.price_e8, state.quantity_e8, state.filled_e8, state.remaining_e8, canceled_e8)
        self._order_events.append((sequence, number, *terms, *amounts, timestamp_ns))


def _terms(state: OrderState) -> Row:
    placed = state.placed
    return (
        state.order_id,
        placed.user_id,
        placed.client_order_id,
        placed.symbol,
        _WORDS[placed.side],
        str(placed.order_type),
        str(placed.time_in_force),
        placed.post_only,
        placed.price_e8,
        placed.quantity_e8,
        state.timestamp_ns,
    )


def _changes(state: OrderState, moment: Moment) -> Row:
    return (
        state.price_e8,
        state.quantity_e8,
        state.filled_e8,
        state.remaining_e8,
        str(state.filled_notional_e16),
        _WORDS[state.status],
        _WORDS[state.reason],
        moment.timestamp_ns,
        moment.sequence,
        state.sequence,
    )


def _name_of(event: Event) -> str:
    return str(event.__struct_config__.tag)


# Plain strings: the SQLite driver looks for an adapter first when it is handed an enumeration's member.
_WORDS: Mapping[str | None, str | None] = MappingProxyType(
    {None: None} | {word: word.value for words in (Side, OrderStatus, Reason) for word in words}
)

# Any: each takes its own type of event.
_ENTRIES: Mapping[type[Event], Callable[[_Sheet, Any, Moment], None]] = MappingProxyType(
    {
        OrderAccepted: _Sheet.enter_placed,
        OrderRejected: _Sheet.enter_placed,
        OrderAmended: _Sheet.enter_amended,
        OrderCanceled: _Sheet.enter_canceled,
        AmendRejected: _Sheet.enter_refusal,
        CancelRejected: _Sheet.enter_refusal,
        TradeExecuted: _Sheet.enter_trade,
        InstrumentListed: _Sheet.enter_instrument,
        InstrumentChanged: _Sheet.enter_instrument,
        InstrumentRejected: _Sheet.leave_out,
        Configured: _Sheet.leave_out,
    }
)
