"""What events look like as lines of NDJSON."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar, get_args

from msgspec import Struct

from order_engine.matching.commands import Configure, OrderType, Side, TimeInForce
from order_engine.matching.events import (
    AmendRejected,
    CancelRejected,
    Configured,
    Event,
    InstrumentChanged,
    InstrumentListed,
    InstrumentRejected,
    OrderCanceled,
    OrderEvent,
    OrderStatus,
    TradeExecuted,
)
from order_engine.matching.reason import Reason
from order_engine.protocol.timestamps import format_timestamp
from order_engine.protocol.units import SCALE, format_price, format_quantity
from order_engine.streams.ports import Received


class TradeLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """A trade, with the caller's ids; ``seq`` is that of the command that caused it."""

    trade_id: str
    seq: int
    symbol: str
    price: str
    quantity: str
    buy_order_id: str
    sell_order_id: str
    maker_order_id: str
    taker_order_id: str
    taker_side: Side
    timestamp: str | None = None


class TradeEventLine(TradeLine, frozen=True, gc=False, omit_defaults=True, tag_field="event", tag="trade"):
    """The same among other events."""


class OrderLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """Something happened to an order; it stands as shown right after."""

    event: str
    seq: int
    order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price: str | None
    quantity: str
    filled_quantity: str
    remaining_quantity: str
    status: OrderStatus
    reason: Reason | None
    canceled_quantity: str | None = None
    post_only: bool = False
    user_id: str | None = None
    client_order_id: str | None = None
    timestamp: str | None = None


class RefusalLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """An amend or a cancel was refused."""

    event: str
    seq: int
    order_id: str | None
    symbol: str | None
    reason: Reason
    timestamp: str | None = None


class InstrumentLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """An instrument was listed, changed, or neither."""

    event: str
    seq: int
    symbol: str
    tick_size: str | None = None
    lot_size: str | None = None
    reason: Reason | None = None
    timestamp: str | None = None


class SettingsLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """The settings that matching reads are new."""

    event: str
    seq: int
    settings: Configure
    timestamp: str | None = None


REMEMBERED_AMOUNTS = 8_192
NAMES: Mapping[type, str] = {kind: str(kind.__struct_config__.tag) for kind in get_args(Event)}
LISTINGS = frozenset({InstrumentListed, InstrumentChanged})

AnyTradeLine = TypeVar("AnyTradeLine", bound=TradeLine)
EventLine = TradeEventLine | OrderLine | RefusalLine | InstrumentLine | SettingsLine


class LineWriter:
    """Writes prices with the decimals of their tick, which it learns from the events that list instruments."""

    def __init__(self) -> None:
        self._tick_sizes_e8: dict[str, int] = {}
        # The same prices and quantities come again and again.
        self.quantity = lru_cache(maxsize=REMEMBERED_AMOUNTS)(format_quantity)
        self._format_price = lru_cache(maxsize=REMEMBERED_AMOUNTS)(format_price)

    def learn(self, event: Event) -> None:
        """Take note of a new tick; every event that is one of ``LISTINGS`` must come here before others are written."""
        if isinstance(event, InstrumentListed | InstrumentChanged):
            self._tick_sizes_e8[event.instrument.symbol] = event.instrument.tick_size_e8

    def price(self, symbol: str, price_e8: int) -> str:
        """Write a price; that of a symbol that is not listed with as few decimals as it takes."""
        return self._format_price(price_e8, self._tick_sizes_e8.get(symbol, SCALE))

    def trade_line(self, received: Received, trade: TradeExecuted) -> TradeLine:
        """Write a trade for a stream of trades."""
        return self._trade(TradeLine, received, trade)

    def event_line(self, received: Received, event: Event) -> EventLine:
        """Write an event for a stream of events."""
        match event:
            case TradeExecuted():
                return self._trade(TradeEventLine, received, event)
            case AmendRejected() | CancelRejected():
                named = (_name_of(event), received.sequence, event.order_id, event.symbol, event.reason)
                return RefusalLine(*named, _time_of(received))
            case InstrumentListed() | InstrumentChanged() | InstrumentRejected():
                return _instrument_line(received, event)
            case Configured():
                return SettingsLine(_name_of(event), received.sequence, event.settings, _time_of(received))
            case _:
                return self._order_line(received, event)

    def _trade(self, line: type[AnyTradeLine], received: Received, trade: TradeExecuted) -> AnyTradeLine:
        return line(
            trade.trade_id,
            received.sequence,
            trade.symbol,
            self.price(trade.symbol, trade.price_e8),
            self.quantity(trade.quantity_e8),
            trade.buy.order_id,
            trade.sell.order_id,
            trade.maker.order_id,
            trade.taker.order_id,
            trade.taker_side,
            _time_of(received),
        )

    def _order_line(self, received: Received, event: OrderEvent) -> OrderLine:
        order = event.order
        placed = order.placed
        return OrderLine(
            _name_of(event),
            received.sequence,
            order.order_id,
            placed.symbol,
            placed.side,
            placed.order_type,
            placed.time_in_force,
            None if order.price_e8 is None else self.price(placed.symbol, order.price_e8),
            self.quantity(order.quantity_e8),
            self.quantity(order.filled_e8),
            self.quantity(order.remaining_e8),
            order.status,
            order.reason,
            self.quantity(event.quantity_e8) if isinstance(event, OrderCanceled) else None,
            placed.post_only,
            placed.user_id,
            placed.client_order_id,
            _time_of(received),
        )


def _instrument_line(
    received: Received, event: InstrumentListed | InstrumentChanged | InstrumentRejected
) -> InstrumentLine:
    time = _time_of(received)
    if isinstance(event, InstrumentRejected):
        return InstrumentLine(_name_of(event), received.sequence, event.symbol, reason=event.reason, timestamp=time)
    instrument = event.instrument
    return InstrumentLine(
        _name_of(event),
        received.sequence,
        instrument.symbol,
        format_quantity(instrument.tick_size_e8),
        format_quantity(instrument.lot_size_e8),
        timestamp=time,
    )


def _name_of(event: Event) -> str:
    return NAMES[type(event)]


def _time_of(received: Received) -> str | None:
    # A stream without times stands at the beginning of time.
    return format_timestamp(received.timestamp_ns) if received.timestamp_ns else None
