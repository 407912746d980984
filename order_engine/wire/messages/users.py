"""Messages about users."""

from msgspec import Struct

from order_engine.wire.messages.json_types import Price, Quantity, Timestamp


class Position(Struct, frozen=True, gc=False):
    """A user's position in a symbol, its cost, and the realized profit or loss; a short position is negative."""

    symbol: str
    net_quantity: Quantity
    average_price: Price | None
    total_cost: Price
    realized_pnl: Price
    last_updated: Timestamp


class Positions(Struct, frozen=True):
    """A page of a user's positions by symbol, closed ones included."""

    user_id: str
    positions: list[Position]
    next_cursor: str | None


class RiskLimits(Struct, frozen=True, gc=False):
    """A user's limits per symbol; null means no limit. `is_own` is false if they are the limits of `*`."""

    user_id: str
    is_own: bool
    is_enabled: bool
    max_order_quantity: Quantity | None
    max_order_notional: Price | None
    max_open_orders: int | None
    max_position: Quantity | None


class Identity(Struct, frozen=True):
    """Who sent the request: the id of the key, its user, and its highest scope: read, trade or admin."""

    key: str | None
    user_id: str | None
    scope: str


class User(Struct, frozen=True):
    """Whether a user may place orders, and the orders that disabling the user canceled."""

    user_id: str
    is_enabled: bool
    canceled: list[str]
