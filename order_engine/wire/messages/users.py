"""What goes out about users."""

from msgspec import Struct

from order_engine.wire.messages.json_types import Price, Quantity, Timestamp


class Position(Struct, frozen=True, gc=False):
    """What a user holds of a symbol, what it cost, and what closing parts of it earned; short is negative."""

    symbol: str
    net_quantity: Quantity
    average_price: Price | None
    total_cost: Price
    realized_pnl: Price
    last_updated: Timestamp


class Positions(Struct, frozen=True):
    """What a user holds, or held, by symbol."""

    user_id: str
    positions: list[Position]


class RiskLimits(Struct, frozen=True, gc=False):
    """The limits of a user in each symbol, null where there is none; `is_own` unless they are everybody's."""

    user_id: str
    is_own: bool
    is_enabled: bool
    max_order_quantity: Quantity | None
    max_order_notional: Price | None
    max_open_orders: int | None
    max_position: Quantity | None


class User(Struct, frozen=True):
    """Whether a user's orders are taken, and the orders that were canceled when the user was disabled."""

    user_id: str
    is_enabled: bool
    canceled: list[str]
