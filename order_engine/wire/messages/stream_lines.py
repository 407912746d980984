"""Lines of NDJSON streams: the fields of each kind of line, in their order.

A field with a default is omitted if it has that value. A field without a default is always present, maybe null.
"""

from msgspec import Struct

from order_engine.matching.commands import (
    Configure,
    OrderType,
    SelfTradePrevention,
    SessionState,
    Side,
    TimeInForce,
)
from order_engine.matching.events import OrderStatus
from order_engine.matching.reason import Reason
from order_engine.wire.messages.json_types import Price, Quantity, Timestamp


class TradeLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """A trade, with the caller's ids and the ``seq`` of the command that caused it. An auction has no taker."""

    trade_id: str
    seq: int
    symbol: str
    price: str
    quantity: str
    buy_order_id: str
    sell_order_id: str
    maker_order_id: str | None
    taker_order_id: str | None
    taker_side: Side | None
    auction: bool = False
    timestamp: str | None = None


class TradeEventLine(TradeLine, frozen=True, gc=False, omit_defaults=True, tag_field="event", tag="trade"):
    """A trade among other events."""


class OrderLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """An event of an order, with the order's terms after it."""

    event: str
    seq: int
    order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price: Price | None
    quantity: Quantity
    filled_quantity: Quantity
    remaining_quantity: Quantity
    status: OrderStatus
    reason: Reason | None
    canceled_quantity: Quantity | None = None
    decremented_quantity: Quantity | None = None
    expired_quantity: Quantity | None = None
    display_quantity: Quantity | None = None
    stop_price: Price | None = None
    trail_amount: Price | None = None
    expire_at: Timestamp | None = None
    self_trade_prevention: SelfTradePrevention | None = None
    post_only: bool = False
    user_id: str | None = None
    client_order_id: str | None = None
    timestamp: Timestamp | None = None


class RefusalLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """An amend or a cancel was refused."""

    event: str
    seq: int
    order_id: str | None
    symbol: str | None
    reason: Reason
    timestamp: str | None = None


class InstrumentLine(Struct, frozen=True, omit_defaults=True):
    """An instrument was listed, changed or delisted; or that, or settling it, was refused."""

    event: str
    seq: int
    symbol: str
    tick_size: str | None = None
    lot_size: str | None = None
    price_band_percent: str | None = None
    circuit_breaker_percent: str | None = None
    reference_price: str | None = None
    self_trade_prevention: SelfTradePrevention | None = None
    schedule: list[dict[str, str]] | None = None
    name: str | None = None
    base: str | None = None
    quote: str | None = None
    min_price: str | None = None
    max_price: str | None = None
    min_quantity: str | None = None
    max_quantity: str | None = None
    min_notional: str | None = None
    reason: Reason | None = None
    timestamp: str | None = None


class SettledLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """All positions in an instrument ended at a price."""

    event: str
    seq: int
    symbol: str
    price: str
    timestamp: str | None = None


class StateLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """An instrument's session entered a state, or that was refused."""

    event: str
    seq: int
    symbol: str
    state: SessionState | None = None
    reason: Reason | None = None
    timestamp: str | None = None


class RiskLimitsLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """A user's limits were set; null means no limit."""

    event: str
    seq: int
    user_id: str
    max_order_quantity: str | None
    max_order_notional: str | None
    max_open_orders: int | None
    max_position: str | None
    timestamp: str | None = None


class UserLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """A user was disabled, or enabled."""

    event: str
    seq: int
    user_id: str
    timestamp: str | None = None


class SettingsLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """The settings of matching were changed."""

    event: str
    seq: int
    settings: Configure
    timestamp: str | None = None


EventLine = (
    TradeEventLine
    | OrderLine
    | RefusalLine
    | InstrumentLine
    | SettledLine
    | StateLine
    | RiskLimitsLine
    | UserLine
    | SettingsLine
)
