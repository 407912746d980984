"""Renders rows of the database as messages."""

from typing import Any

from order_engine.market_data.candles import Candle
from order_engine.matching.commands import Side
from order_engine.queries.results import StoredOrderEvent, StoredPosition, StoredTrade
from order_engine.wire.messages import market
from order_engine.wire.messages.orders import OrderEvent
from order_engine.wire.messages.trades import Liquidity, OwnTrade, Trade, TradeEvent
from order_engine.wire.messages.users import Position
from order_engine.wire.rendering import Renderer, Sees, order_ids, quantity_or_null
from order_engine.wire.timestamps import format_timestamp
from order_engine.wire.units import SCALE, average_price_e8, format_quantity


class StoredRenderer:
    """Renders stored trades, events, positions and candles."""

    def __init__(self, renderer: Renderer) -> None:
        self._price = renderer.price
        self._price_or_null = renderer.price_or_null

    def trade(self, trade: StoredTrade, sees: Sees) -> Trade:
        """Render a trade."""
        return Trade(*self._terms(trade, sees))

    def own_trade(self, trade: StoredTrade, buying: bool, sees: Sees) -> OwnTrade:
        """Render a trade as the user of one side sees it."""
        side = Side.BUY if buying else Side.SELL
        liquidity = None
        if trade.taker_side is not None:
            liquidity = Liquidity.TAKER if trade.taker_side is side else Liquidity.MAKER
        order_id = trade.buy_order_id if buying else trade.sell_order_id
        return OwnTrade(*(*self._terms(trade, sees), side, order_id, liquidity))

    def trade_event(self, trade: StoredTrade, sees: Sees) -> TradeEvent:
        """Render a trade as an event of an order."""
        return TradeEvent(*self._terms(trade, sees))

    def event(self, event: StoredOrderEvent, symbol: str) -> OrderEvent:
        """Render an event of an order, with the order's terms after it."""
        return OrderEvent(
            event.event,
            event.order_id,
            symbol,
            event.reason,
            event.status,
            self._price_or_null(symbol, event.price_e8),
            quantity_or_null(event.quantity_e8),
            quantity_or_null(event.filled_e8),
            quantity_or_null(event.remaining_e8),
            quantity_or_null(event.canceled_e8),
            quantity_or_null(event.decremented_e8),
            quantity_or_null(event.display_quantity_e8),
            self._price_or_null(symbol, event.stop_price_e8),
            self._price_or_null(symbol, event.trail_amount_e8),
            event.sequence,
            format_timestamp(event.occurred_ns),
            event.actor,
        )

    def position(self, held: StoredPosition) -> Position:
        """Render a position; totals are rounded half-even to 8 decimals."""
        return Position(
            held.symbol,
            format_quantity(held.net_quantity_e8),
            self._price_or_null(held.symbol, held.average_price_e8),
            self._price(held.symbol, average_price_e8(held.total_cost_e16, SCALE)),
            self._price(held.symbol, average_price_e8(held.realized_pnl_e16, SCALE)),
            format_timestamp(held.updated_ns),
        )

    def candle(self, symbol: str, start_ns: int, candle: Candle) -> market.Candle:
        """Render a candle; its average price has as many decimals as it needs, up to 8."""
        return market.Candle(
            format_timestamp(start_ns),
            self._price(symbol, candle.open_e8),
            self._price(symbol, candle.high_e8),
            self._price(symbol, candle.low_e8),
            self._price(symbol, candle.close_e8),
            format_quantity(candle.volume_e8),
            self._price(symbol, average_price_e8(candle.notional_e16, candle.volume_e8)),
            candle.trades,
        )

    def _terms(self, trade: StoredTrade, sees: Sees) -> tuple[Any, ...]:  # Any: the fields of a Trade, in their order
        buy_order_id = trade.buy_order_id if sees(trade.buy_user_id) else None
        sell_order_id = trade.sell_order_id if sees(trade.sell_user_id) else None
        return (
            trade.trade_id,
            trade.symbol,
            self._price(trade.symbol, trade.price_e8),
            format_quantity(trade.quantity_e8),
            *order_ids(buy_order_id, sell_order_id, trade.taker_side),
            trade.taker_side,
            trade.taker_side is None,
            trade.sequence,
            format_timestamp(trade.executed_ns),
        )
