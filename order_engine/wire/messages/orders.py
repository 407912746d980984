"""Messages about orders."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from order_engine.matching.commands import OrderType, SelfTradePrevention, Side, TimeInForce
from order_engine.matching.events import OrderStatus
from order_engine.matching.reason import Reason
from order_engine.wire.messages.json_types import Price, Quantity, Timestamp
from order_engine.wire.messages.problem import ProblemDocument
from order_engine.wire.messages.trades import Trade


class Order(Struct, frozen=True, gc=False):
    """An order; absent values are null."""

    order_id: str
    client_order_id: str | None
    user_id: str | None
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: Price | None
    stop_price: Price | None
    trail_amount: Price | None
    display_quantity: Quantity | None
    post_only: bool
    self_trade_prevention: SelfTradePrevention | None
    expire_at: Timestamp | None
    quantity: Quantity
    filled_quantity: Quantity
    remaining_quantity: Quantity
    average_price: Price | None
    status: OrderStatus
    reason: Reason | None
    sequence: int
    created_at: Timestamp
    updated_at: Timestamp | None


class OrderWithTrades(Order, frozen=True):
    """An order and its newest 100 trades, oldest first; `trades` is null while the database is away or behind.

    With more trades `trades_cursor` is where the older ones begin in `/orders/{order_id}/trades`.
    """

    trades: list[Trade] | None
    trades_cursor: str | None


class OrderPage(Struct, frozen=True):
    """Orders, newest first."""

    orders: list[Order]
    next_cursor: str | None


class Canceled(Struct, frozen=True):
    """The orders that a mass cancel canceled."""

    canceled: list[str]


class BatchResult(Struct, frozen=True, kw_only=True):
    """The result of one entry: an order or a problem."""

    status: int
    order: OrderWithTrades | UnsetType = UNSET
    problem: ProblemDocument | UnsetType = UNSET


class BatchResults(Struct, frozen=True):
    """One result for each entry, in order."""

    results: list[BatchResult]


class OrderEvent(Struct, frozen=True, gc=False):
    """An event of an order, with the order's terms after it."""

    event: str
    order_id: str
    symbol: str
    reason: str | None
    status: str | None
    price: Price | None
    quantity: Quantity | None
    filled_quantity: Quantity | None
    remaining_quantity: Quantity | None
    canceled_quantity: Quantity | None
    decremented_quantity: Quantity | None
    display_quantity: Quantity | None
    stop_price: Price | None
    trail_amount: Price | None
    sequence: int
    occurred_at: Timestamp
    actor: str | None


class OrderEvents(Struct, frozen=True):
    """An order's life, event by event, oldest first; its trades are among the events."""

    order_id: str
    # Any: OrderEvent or TradeEvent, a union that msgspec takes only where both have a tag.
    events: list[
        Annotated[
            Any,
            Meta(
                extra_json_schema={
                    "anyOf": [
                        {"$ref": "#/components/schemas/OrderEvent"},
                        {"$ref": "#/components/schemas/TradeEvent"},
                    ]
                }
            ),
        ]
    ]
    next_cursor: str | None
