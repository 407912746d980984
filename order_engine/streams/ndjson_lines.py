"""Renders events as lines of NDJSON."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

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
    OrderCanceled,
    OrderDecremented,
    OrderEvent,
    OrderExpired,
    RiskLimitsChanged,
    SettleRejected,
    StateChanged,
    StateRejected,
    TradeExecuted,
    UserDisabled,
    UserEnabled,
)
from order_engine.matching.instrument import or_none
from order_engine.streams.ports import Received
from order_engine.wire.messages.stream_lines import (
    EventLine,
    InstrumentLine,
    OrderLine,
    RefusalLine,
    RiskLimitsLine,
    SettingsLine,
    SettledLine,
    StateLine,
    TradeEventLine,
    TradeLine,
    UserLine,
)
from order_engine.wire.order_writer import OrderWriter
from order_engine.wire.rendering import price_of_terms, quantity_or_null, sees_all, trade_terms
from order_engine.wire.schedules import format_schedule
from order_engine.wire.timestamps import format_timestamp
from order_engine.wire.units import SCALE, format_price, format_quantity

NAMES: Mapping[type, str] = {kind: str(kind.__struct_config__.tag) for kind in get_args(Event)}
LISTINGS = frozenset({InstrumentListed, InstrumentChanged})
REDUCTIONS = (OrderCanceled, OrderDecremented, OrderExpired)

_ORDER_LINE = OrderWriter(
    OrderLine, "event", "seq", "canceled_quantity", "decremented_quantity", "expired_quantity", "timestamp"
)

AnyTradeLine = TypeVar("AnyTradeLine", bound=TradeLine)
Write = Callable[[Received, Any], EventLine]  # Any: each takes one kind of event


class LineWriter:
    """Renders lines. It learns the ticks, for the decimals of prices, from the events that list instruments."""

    def __init__(self) -> None:
        self._tick_sizes_e8: dict[str, int] = {}
        self._writers: Mapping[type, Write] = {
            **dict.fromkeys(get_args(OrderEvent), self._order_line),
            TradeExecuted: self._trade_event_line,
            AmendRejected: _refusal_line,
            CancelRejected: _refusal_line,
            InstrumentListed: _instrument_line,
            InstrumentChanged: _instrument_line,
            InstrumentRejected: _instrument_refusal_line,
            StateChanged: _state_line,
            StateRejected: _state_refusal_line,
            InstrumentSettled: self._settled_line,
            SettleRejected: _instrument_refusal_line,
            InstrumentDelisted: _delisted_line,
            DelistRejected: _instrument_refusal_line,
            RiskLimitsChanged: _risk_limits_line,
            UserDisabled: _user_line,
            UserEnabled: _user_line,
            Configured: _settings_line,
        }

    def learn(self, event: Event) -> None:
        """Learn an instrument's tick. Call this with every event of ``LISTINGS`` before rendering later events."""
        if isinstance(event, InstrumentListed | InstrumentChanged):
            self._tick_sizes_e8[event.instrument.symbol] = event.instrument.tick_size_e8

    def price(self, symbol: str, price_e8: int) -> str:
        """Format a price; if the symbol is not listed, with as few decimals as possible."""
        return format_price(price_e8, self._tick_sizes_e8.get(symbol, SCALE))

    def trade_line(self, received: Received, trade: TradeExecuted) -> TradeLine:
        """Render a trade for a stream of trades."""
        return self._trade(TradeLine, received, trade)

    def event_line(self, received: Received, event: Event) -> EventLine:
        """Render an event for a stream of events."""
        return self._writers[type(event)](received, event)

    def _trade_event_line(self, received: Received, trade: TradeExecuted) -> TradeEventLine:
        return self._trade(TradeEventLine, received, trade)

    def _trade(self, line: type[AnyTradeLine], received: Received, trade: TradeExecuted) -> AnyTradeLine:
        price = self.price(trade.symbol, trade.price_e8)
        terms = trade_terms(trade, price, sees_all)
        return line(trade.trade_id, received.sequence, *terms, _time_of(received))  # type: ignore[arg-type]  # has ids

    def _settled_line(self, received: Received, event: InstrumentSettled) -> SettledLine:
        symbol = event.instrument.symbol
        price = self.price(symbol, event.price_e8)
        return SettledLine(_name_of(event), received.sequence, symbol, price, _time_of(received))

    def _order_line(self, received: Received, event: OrderEvent) -> OrderLine:
        quantities = [format_quantity(event.quantity_e8) if isinstance(event, kind) else None for kind in REDUCTIONS]
        tick_size_e8 = self._tick_sizes_e8.get(event.order.placed.symbol, SCALE)
        given = (_name_of(event), received.sequence, *quantities, _time_of(received))
        return _ORDER_LINE.write(event.order, tick_size_e8, *given)


def _refusal_line(received: Received, event: AmendRejected | CancelRejected) -> RefusalLine:
    named = (_name_of(event), received.sequence, event.order_id, event.symbol, event.reason)
    return RefusalLine(*named, _time_of(received))


def _instrument_line(received: Received, event: InstrumentListed | InstrumentChanged) -> InstrumentLine:
    instrument = event.instrument
    return InstrumentLine(
        _name_of(event),
        received.sequence,
        instrument.symbol,
        format_quantity(instrument.tick_size_e8),
        format_quantity(instrument.lot_size_e8),
        quantity_or_null(instrument.price_band_percent_e8 or None),
        quantity_or_null(instrument.circuit_breaker_percent_e8 or None),
        price_of_terms(instrument, instrument.reference_price_e8),
        instrument.self_trade_prevention,
        format_schedule(instrument.schedule) or None,
        or_none(instrument.name),
        or_none(instrument.base),
        or_none(instrument.quote),
        price_of_terms(instrument, or_none(instrument.min_price_e8)),
        price_of_terms(instrument, or_none(instrument.max_price_e8)),
        quantity_or_null(or_none(instrument.min_quantity_e8)),
        quantity_or_null(or_none(instrument.max_quantity_e8)),
        quantity_or_null(or_none(instrument.min_notional_e8)),
        timestamp=_time_of(received),
    )


def _delisted_line(received: Received, event: InstrumentDelisted) -> InstrumentLine:
    return InstrumentLine(_name_of(event), received.sequence, event.symbol, timestamp=_time_of(received))


def _instrument_refusal_line(
    received: Received, event: InstrumentRejected | SettleRejected | DelistRejected
) -> InstrumentLine:
    return InstrumentLine(
        _name_of(event), received.sequence, event.symbol, reason=event.reason, timestamp=_time_of(received)
    )


def _state_line(received: Received, event: StateChanged) -> StateLine:
    return StateLine(
        _name_of(event), received.sequence, event.symbol, event.state, event.reason, timestamp=_time_of(received)
    )


def _state_refusal_line(received: Received, event: StateRejected) -> StateLine:
    return StateLine(
        _name_of(event), received.sequence, event.symbol, reason=event.reason, timestamp=_time_of(received)
    )


def _risk_limits_line(received: Received, event: RiskLimitsChanged) -> RiskLimitsLine:
    limits = event.limits
    return RiskLimitsLine(
        _name_of(event),
        received.sequence,
        limits.user_id,
        quantity_or_null(limits.max_order_quantity_e8),
        quantity_or_null(limits.max_order_notional_e8),
        limits.max_open_orders,
        quantity_or_null(limits.max_position_e8),
        _time_of(received),
    )


def _user_line(received: Received, event: UserDisabled | UserEnabled) -> UserLine:
    return UserLine(_name_of(event), received.sequence, event.user_id, _time_of(received))


def _settings_line(received: Received, event: Configured) -> SettingsLine:
    return SettingsLine(_name_of(event), received.sequence, event.settings, _time_of(received))


def _name_of(event: Event) -> str:
    return NAMES[type(event)]


def _time_of(received: Received) -> str | None:
    # 0: the stream has no timestamps.
    return format_timestamp(received.timestamp_ns) if received.timestamp_ns else None
