"""How orders, trades and books look from outside: plain functions from what happened to JSON."""

from collections.abc import Iterable
from typing import Any

from order_engine.api.tick_sizes import TickSizes
from order_engine.matching.events import OrderState, TradeExecuted
from order_engine.matching.instrument import Instrument
from order_engine.persistence.results import Statistics, StoredTrade
from order_engine.protocol.timestamps import format_timestamp
from order_engine.protocol.units import average_price_e8, format_price, format_quantity

Content = dict[str, Any]  # Any: JSON
Level = tuple[int, int, int]

SESSION_OPEN = "OPEN"


class Renderer:
    """Writes prices with the decimals of their instrument's tick."""

    def __init__(self, tick_sizes: TickSizes) -> None:
        self._tick_size_e8 = tick_sizes.of

    def order(self, state: OrderState, updated_ns: int) -> Content:
        """Write an order, whether it comes from the live answer or from the database."""
        placed = state.placed
        tick_size_e8 = self._tick_size_e8(placed.symbol)
        created_at = format_timestamp(state.timestamp_ns)
        average = None
        if state.filled_e8:
            average = format_price(average_price_e8(state.filled_notional_e16, state.filled_e8), tick_size_e8)
        return {
            "order_id": state.order_id,
            "client_order_id": placed.client_order_id,
            "user_id": placed.user_id,
            "symbol": placed.symbol,
            "side": placed.side,
            "type": placed.order_type,
            "time_in_force": placed.time_in_force,
            "price": None if state.price_e8 is None else format_price(state.price_e8, tick_size_e8),
            "stop_price": None,
            "trail_amount": None,
            "display_quantity": None,
            "post_only": placed.post_only,
            "self_trade_prevention": None,
            "expire_at": None,
            "quantity": format_quantity(state.quantity_e8),
            "filled_quantity": format_quantity(state.filled_e8),
            "remaining_quantity": format_quantity(state.remaining_e8),
            "average_price": average,
            "status": state.status,
            "reason": state.reason,
            "sequence": state.sequence,
            "created_at": created_at,
            "updated_at": created_at if updated_ns == state.timestamp_ns else format_timestamp(updated_ns),
        }

    def trade(self, trade: TradeExecuted, sequence: int, timestamp_ns: int) -> Content:
        """Write a trade as it happened."""
        return {
            "trade_id": trade.trade_id,
            "symbol": trade.symbol,
            "price": format_price(trade.price_e8, self._tick_size_e8(trade.symbol)),
            "quantity": format_quantity(trade.quantity_e8),
            "buy_order_id": trade.buy.order_id,
            "sell_order_id": trade.sell.order_id,
            "maker_order_id": trade.maker.order_id,
            "taker_order_id": trade.taker.order_id,
            "taker_side": trade.taker_side,
            "auction": False,
            "sequence": sequence,
            "executed_at": format_timestamp(timestamp_ns),
        }

    def stored_trade(self, trade: StoredTrade) -> Content:
        """Write a trade as the database has it."""
        return {
            "trade_id": trade.trade_id,
            "symbol": trade.symbol,
            "price": format_price(trade.price_e8, self._tick_size_e8(trade.symbol)),
            "quantity": format_quantity(trade.quantity_e8),
            "buy_order_id": trade.buy_order_id,
            "sell_order_id": trade.sell_order_id,
            "maker_order_id": trade.maker_order_id,
            "taker_order_id": trade.taker_order_id,
            "taker_side": trade.taker_side,
            "auction": trade.taker_side is None,
            "sequence": trade.sequence,
            "executed_at": format_timestamp(trade.executed_ns),
        }

    def price(self, symbol: str, price_e8: int | None) -> str | None:
        """Write a price of an instrument, if there is one."""
        return None if price_e8 is None else format_price(price_e8, self._tick_size_e8(symbol))


def instrument(terms: Instrument) -> Content:
    """Write an instrument."""
    return {
        "symbol": terms.symbol,
        "tick_size": format_quantity(terms.tick_size_e8),
        "lot_size": format_quantity(terms.lot_size_e8),
        "state": SESSION_OPEN,
    }


def levels(side: Iterable[Level], tick_size_e8: int) -> list[list[Any]]:  # Any: JSON
    """Write one side of a book: price, quantity and number of orders of each level."""
    return [
        [format_price(price_e8, tick_size_e8), format_quantity(quantity_e8), orders]
        for price_e8, quantity_e8, orders in side
    ]


def top(bids: list[Level], asks: list[Level], tick_size_e8: int) -> Content:
    """Write the best level of both sides."""
    return {
        "best_bid": format_price(bids[0][0], tick_size_e8) if bids else None,
        "best_bid_quantity": format_quantity(bids[0][1]) if bids else None,
        "best_ask": format_price(asks[0][0], tick_size_e8) if asks else None,
        "best_ask_quantity": format_quantity(asks[0][1]) if asks else None,
    }


def statistics(over_a_day: Statistics, tick_size_e8: int) -> Content:
    """Write the statistics of the last 24 hours; the average has as many decimals as it needs, up to 8."""

    def price(price_e8: int | None) -> str | None:
        return None if price_e8 is None else format_price(price_e8, tick_size_e8)

    return {
        "volume": format_quantity(over_a_day.volume_e8),
        "vwap": price(over_a_day.vwap_e8),
        "open": price(over_a_day.open_e8),
        "high": price(over_a_day.high_e8),
        "low": price(over_a_day.low_e8),
        "trade_count": over_a_day.trades,
    }
