"""What a ``Market`` returns. Amounts are ``Decimal``; prices have the decimals of their tick."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from order_engine.matching.commands import OrderType, SessionState, Side, TimeInForce
from order_engine.matching.events import OrderState, OrderStatus, TradeExecuted
from order_engine.matching.reason import Reason
from order_engine.wire.units import average_price_e8, format_price, format_quantity


class Trade(Struct, frozen=True, kw_only=True):
    """A trade. In an auction no side took, so ``taker_side`` is None."""

    trade_id: str
    symbol: str
    price: Decimal
    quantity: Decimal
    taker_side: Side | None
    buy_order_id: str
    buy_user_id: str | None
    sell_order_id: str
    sell_user_id: str | None


class Order(Struct, frozen=True, kw_only=True):
    """An order at one moment; ``trades`` are those that the call made which returned it."""

    order_id: str
    client_order_id: str | None
    user_id: str | None
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: Decimal | None
    stop_price: Decimal | None
    quantity: Decimal
    filled_quantity: Decimal
    remaining_quantity: Decimal
    average_price: Decimal | None
    status: OrderStatus
    reason: Reason | None
    trades: tuple[Trade, ...] = ()


class Level(NamedTuple):
    """The orders of a book at one price. Icebergs count with what they show."""

    price: Decimal
    quantity: Decimal
    orders: int


class Depth(Struct, frozen=True, kw_only=True):
    """The best levels of a book, best first."""

    symbol: str
    state: SessionState
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


def price_of(price_e8: int, tick_size_e8: int) -> Decimal:
    """Return a price."""
    return Decimal(format_price(price_e8, tick_size_e8))


def quantity_of(quantity_e8: int) -> Decimal:
    """Return a quantity, or a number of whole units."""
    return Decimal(format_quantity(quantity_e8))


def trade_of(event: TradeExecuted, tick_size_e8: int) -> Trade:
    """Return a trade of the engine's."""
    return Trade(
        trade_id=event.trade_id,
        symbol=event.symbol,
        price=price_of(event.price_e8, tick_size_e8),
        quantity=quantity_of(event.quantity_e8),
        taker_side=event.taker_side,
        buy_order_id=event.buy.order_id,
        buy_user_id=event.buy.placed.user_id,
        sell_order_id=event.sell.order_id,
        sell_user_id=event.sell.placed.user_id,
    )


def order_of(state: OrderState, tick_size_e8: int, trades: tuple[Trade, ...]) -> Order:
    """Return an order of the engine's, with those of the trades that are its own."""
    placed, order_id = state.placed, state.order_id
    average_e8 = average_price_e8(state.filled_notional_e16, state.filled_e8) if state.filled_e8 else None
    return Order(
        order_id=order_id,
        client_order_id=placed.client_order_id,
        user_id=placed.user_id,
        symbol=placed.symbol,
        side=placed.side,
        type=placed.order_type,
        time_in_force=placed.time_in_force,
        price=None if state.price_e8 is None else price_of(state.price_e8, tick_size_e8),
        stop_price=None if state.stop_price_e8 is None else price_of(state.stop_price_e8, tick_size_e8),
        quantity=quantity_of(state.quantity_e8),
        filled_quantity=quantity_of(state.filled_e8),
        remaining_quantity=quantity_of(state.remaining_e8),
        average_price=None if average_e8 is None else price_of(average_e8, tick_size_e8),
        status=state.status,
        reason=state.reason,
        trades=tuple(trade for trade in trades if order_id in (trade.buy_order_id, trade.sell_order_id)),
    )
