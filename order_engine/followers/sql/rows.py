"""Turns events into rows: a pure function. Each order becomes one row, with its last state in the batch.

The values of a row have the order of the names in ``columns``.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Struct, structs

from order_engine.exchange.applied import Applied
from order_engine.followers.sql.columns import EVENT_STANDING, ORDER_STANDING, ORDER_TERMS, WORDS, order_reader
from order_engine.market_data.candles import Candle, CandleKey, CandleSheet
from order_engine.market_data.positions import Position
from order_engine.matching.commands import SessionState
from order_engine.matching.events import (
    AmendRejected,
    CancelRejected,
    Configured,
    DelistRejected,
    Event,
    InstrumentChanged,
    InstrumentDelisted,
    InstrumentListed,
    InstrumentRejected,
    InstrumentSettled,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderDecremented,
    OrderEvent,
    OrderExpired,
    OrderRejected,
    OrderState,
    OrderTriggered,
    RiskLimitsChanged,
    SettleRejected,
    StateChanged,
    StateRejected,
    TradeExecuted,
    UserDisabled,
    UserEnabled,
)
from order_engine.matching.instrument import Instrument, or_none
from order_engine.wire.schedules import format_schedule

Row = tuple[str | int | None, ...]


class PositionTrades(Struct):
    """A user's trades of a symbol in a batch, in order: the quantity bought (negative: sold), and the price."""

    trades: list[tuple[int, int]]
    updated_ns: int
    updated_sequence: int


class Settlement(NamedTuple):
    """The price at which all positions in a symbol ended."""

    symbol: str
    price_e8: int
    updated_ns: int
    updated_sequence: int

    def ending(self, net_e8: int) -> PositionTrades:
        """Return the trade that ends a position."""
        return PositionTrades([(-net_e8, self.price_e8)], self.updated_ns, self.updated_sequence)


class Rows(NamedTuple):
    """What a batch changes in the database.

    ``delisted`` instruments go before others come. ``settlements`` end positions, after the batch's trades.
    ``new_orders`` have the columns terms, changes, key; ``changed_orders`` only changes, key. ``candles`` and
    ``positions`` hold what the batch adds to the totals in the tables.
    """

    new_orders: list[Row]
    changed_orders: list[Row]
    trades: list[Row]
    order_events: list[Row]
    delisted: list[str]
    instruments: list[Row]
    states: list[Row]
    candles: dict[CandleKey, Candle]
    positions: dict[tuple[str, str], PositionTrades]
    settlements: list[Settlement]


NEWER_TERMS = tuple(term.name for term in structs.fields(Instrument) if term.default is UNSET)


# When an event happened: the sequence of its command, its number among that command's events, time and actor.
Moment = tuple[int, int, int, str | None]


def rows_of(batch: Iterable[Applied]) -> Rows:
    """Return the rows of consecutive records."""
    collected = _CollectedRows()
    for record, events_of_commands in batch:
        timestamp_ns, actor = record.timestamp_ns, record.actor
        for sequence, events in enumerate(events_of_commands, record.sequence):
            for number, event in enumerate(events):
                _ADDERS[type(event)](collected, event, (sequence, number, timestamp_ns, actor))
    return collected.rows()


def position_row(key: tuple[str, str], position: Position, trades: PositionTrades) -> Row:
    """Return a position's row after ``trades``, which are its last; the columns are ``POSITION_COLUMNS``."""
    amounts = (position.net_e8, position.average_price_e8, position.cost_e16, position.realized_e16)
    return (*key, *amounts, trades.updated_ns, trades.updated_sequence)


class _CollectedRows:
    """Collects the rows of one batch."""

    def __init__(self) -> None:
        self._states: dict[int, tuple[OrderState, Moment]] = {}
        self._placed: set[int] = set()
        self._trades: list[Row] = []
        self._order_events: list[Row] = []
        self._instruments: dict[str, Row] = {}
        self._sessions: dict[str, Row] = {}
        self._candles = CandleSheet()
        self._positions: dict[tuple[str, str], PositionTrades] = {}
        self._delisted: list[str] = []
        self._settlements: list[Settlement] = []

    def rows(self) -> Rows:
        placed, states = self._placed, self._states
        return Rows(
            [_new_order(*found) for sequence, found in states.items() if sequence in placed],
            [_changed_order(*found) for sequence, found in states.items() if sequence not in placed],
            self._trades,
            self._order_events,
            self._delisted,
            list(self._instruments.values()),
            list(self._sessions.values()),
            self._candles.candles(),
            self._positions,
            self._settlements,
        )

    def add_placed(self, event: OrderAccepted | OrderRejected, moment: Moment) -> None:
        self._placed.add(event.order.sequence)
        self._add_order(event, moment)

    def add_changed(self, event: OrderAmended | OrderTriggered, moment: Moment) -> None:
        self._add_order(event, moment)

    def add_ended(self, event: OrderCanceled | OrderExpired, moment: Moment) -> None:
        self._add_order(event, moment, canceled_e8=event.quantity_e8)

    def add_decremented(self, event: OrderDecremented, moment: Moment) -> None:
        self._add_order(event, moment, decremented_e8=event.quantity_e8)

    def add_refusal(self, event: AmendRejected | CancelRejected, moment: Moment) -> None:
        if event.order_id is not None:
            standing = (WORDS[event.reason] if name == "reason" else None for name in EVENT_STANDING)
            self._order_events.append((*_event_of(event, event.order_id, moment), *standing))

    def add_trade(self, event: TradeExecuted, moment: Moment) -> None:
        sequence, number, timestamp_ns, _ = moment
        symbol, price_e8, quantity_e8 = event.symbol, event.price_e8, event.quantity_e8
        buy, sell = event.buy, event.sell
        buyer, seller = buy.placed.user_id, sell.placed.user_id
        terms = (sequence, number, event.trade_id, symbol, price_e8, quantity_e8, WORDS[event.taker_side])
        self._trades.append((*terms, buy.order_id, sell.order_id, buyer, seller, timestamp_ns))
        self._states[buy.sequence] = (buy, moment)
        self._states[sell.sequence] = (sell, moment)
        self._candles.add_trade(symbol, timestamp_ns, price_e8, quantity_e8)
        # A user's trade with itself changes no position.
        if buyer != seller:
            self._add_to_position(buyer, symbol, quantity_e8, price_e8, moment)
            self._add_to_position(seller, symbol, -quantity_e8, price_e8, moment)

    def add_instrument(self, event: InstrumentListed | InstrumentChanged, moment: Moment) -> None:
        symbol = event.instrument.symbol
        self._instruments[symbol] = _instrument(event.instrument, moment)
        if isinstance(event, InstrumentListed):
            self._sessions[symbol] = (symbol, SessionState.OPEN.value, moment[2])

    def add_settlement(self, event: InstrumentSettled, moment: Moment) -> None:
        symbol = event.instrument.symbol
        self._instruments[symbol] = _instrument(event.instrument, moment)
        self._settlements.append(Settlement(symbol, event.price_e8, moment[2], moment[0]))

    def add_delisting(self, event: InstrumentDelisted, moment: Moment) -> None:
        del moment
        self._delisted.append(event.symbol)
        self._instruments.pop(event.symbol, None)
        self._sessions.pop(event.symbol, None)

    def add_state(self, event: StateChanged, moment: Moment) -> None:
        self._sessions[event.symbol] = (event.symbol, str(event.state), moment[2])

    def leave_out(self, event: Event, moment: Moment) -> None:
        """Do nothing: no table shows this event."""

    def _add_order(
        self, event: OrderEvent, moment: Moment, canceled_e8: int | None = None, decremented_e8: int | None = None
    ) -> None:
        state = event.order
        self._states[state.sequence] = (state, moment)
        happened = _event_of(event, state.order_id, moment, canceled_e8, decremented_e8)
        self._order_events.append((*happened, *_read_event_standing(state)))

    def _add_to_position(self, user_id: str | None, symbol: str, bought_e8: int, price_e8: int, moment: Moment) -> None:
        if user_id is None:
            return
        sequence, _, timestamp_ns, _ = moment
        found = self._positions.get((user_id, symbol))
        if found is None:
            self._positions[user_id, symbol] = PositionTrades([(bought_e8, price_e8)], timestamp_ns, sequence)
        else:
            found.trades.append((bought_e8, price_e8))
            found.updated_ns, found.updated_sequence = timestamp_ns, sequence


def _new_order(state: OrderState, moment: Moment) -> Row:
    return (*_read_terms(state), *_changed_order(state, moment))


def _changed_order(state: OrderState, moment: Moment) -> Row:
    return (*_read_standing(state), moment[2], moment[0], state.sequence)


def _event_of(
    event: Event, order_id: str, moment: Moment, canceled_e8: int | None = None, decremented_e8: int | None = None
) -> Row:
    sequence, number, timestamp_ns, actor = moment
    return (sequence, number, order_id, _NAMES[type(event)], canceled_e8, decremented_e8, timestamp_ns, actor)


def _instrument(terms: Instrument, moment: Moment) -> Row:
    schedule = msgspec.json.encode(format_schedule(terms.schedule)).decode() if terms.schedule else None
    return (
        terms.symbol,
        terms.tick_size_e8,
        terms.lot_size_e8,
        terms.price_band_percent_e8,
        terms.circuit_breaker_percent_e8,
        terms.reference_price_e8,
        WORDS[terms.self_trade_prevention],
        schedule,
        *(or_none(getattr(terms, name)) for name in NEWER_TERMS),
        moment[2],
        moment[0],
    )


_read_terms = order_reader(ORDER_TERMS)
_read_standing = order_reader(ORDER_STANDING)
_read_event_standing = order_reader(EVENT_STANDING)

# Any: each takes its own type of event.
_ADDERS: Mapping[type[Event], Callable[[_CollectedRows, Any, Moment], None]] = MappingProxyType(
    {
        OrderAccepted: _CollectedRows.add_placed,
        OrderRejected: _CollectedRows.add_placed,
        OrderAmended: _CollectedRows.add_changed,
        OrderTriggered: _CollectedRows.add_changed,
        OrderDecremented: _CollectedRows.add_decremented,
        OrderCanceled: _CollectedRows.add_ended,
        OrderExpired: _CollectedRows.add_ended,
        AmendRejected: _CollectedRows.add_refusal,
        CancelRejected: _CollectedRows.add_refusal,
        TradeExecuted: _CollectedRows.add_trade,
        InstrumentListed: _CollectedRows.add_instrument,
        InstrumentChanged: _CollectedRows.add_instrument,
        StateChanged: _CollectedRows.add_state,
        InstrumentSettled: _CollectedRows.add_settlement,
        InstrumentDelisted: _CollectedRows.add_delisting,
        InstrumentRejected: _CollectedRows.leave_out,
        SettleRejected: _CollectedRows.leave_out,
        DelistRejected: _CollectedRows.leave_out,
        StateRejected: _CollectedRows.leave_out,
        RiskLimitsChanged: _CollectedRows.leave_out,
        UserDisabled: _CollectedRows.leave_out,
        UserEnabled: _CollectedRows.leave_out,
        Configured: _CollectedRows.leave_out,
    }
)

_NAMES: Mapping[type[Event], str] = MappingProxyType({kind: str(kind.__struct_config__.tag) for kind in _ADDERS})
