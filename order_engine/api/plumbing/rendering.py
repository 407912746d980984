"""How orders, trades and books look from outside: plain functions from what happened to JSON."""

from collections.abc import Callable, Iterable
from typing import Any

from order_engine.api.plumbing.problems import Content
from order_engine.exchange.views import Indicated, Listed
from order_engine.market_data.candles import Candle
from order_engine.matching.commands import SetRiskLimits
from order_engine.matching.events import OrderState, TradeExecuted
from order_engine.queries.results import Statistics, StoredOrderEvent, StoredPosition, StoredTrade
from order_engine.wire.schedules import format_schedule
from order_engine.wire.timestamps import format_timestamp
from order_engine.wire.units import SCALE, average_price_e8, format_price, format_quantity

Level = tuple[int, int, int]


class Renderer:
    """Writes prices with the decimals of their instrument's tick."""

    def __init__(self, tick_size_e8: Callable[[str], int]) -> None:
        self._tick_size_e8 = tick_size_e8

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
            "price": _price(state.price_e8, tick_size_e8),
            "stop_price": _price(state.stop_price_e8, tick_size_e8),
            "trail_amount": _price(state.trail_amount_e8, tick_size_e8),
            "display_quantity": _quantity(state.display_quantity_e8),
            "post_only": placed.post_only,
            "self_trade_prevention": placed.self_trade_prevention,
            "expire_at": None if placed.expire_at_ns is None else format_timestamp(placed.expire_at_ns),
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
            "maker_order_id": None if trade.maker is None else trade.maker.order_id,
            "taker_order_id": None if trade.taker is None else trade.taker.order_id,
            "taker_side": trade.taker_side,
            "auction": trade.taker_side is None,
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

    def stored_event(self, event: StoredOrderEvent, symbol: str) -> Content:
        """Write what happened to an order of a symbol, and how the order stood after it."""
        tick_size_e8 = self._tick_size_e8(symbol)
        return {
            "event": event.event,
            "order_id": event.order_id,
            "symbol": symbol,
            "reason": event.reason,
            "status": event.status,
            "price": _price(event.price_e8, tick_size_e8),
            "quantity": _quantity(event.quantity_e8),
            "filled_quantity": _quantity(event.filled_e8),
            "remaining_quantity": _quantity(event.remaining_e8),
            "canceled_quantity": _quantity(event.canceled_e8),
            "decremented_quantity": _quantity(event.decremented_e8),
            "display_quantity": _quantity(event.display_quantity_e8),
            "stop_price": _price(event.stop_price_e8, tick_size_e8),
            "trail_amount": _price(event.trail_amount_e8, tick_size_e8),
            "sequence": event.sequence,
            "occurred_at": format_timestamp(event.occurred_ns),
            "actor": event.actor,
        }

    def position(self, held: StoredPosition) -> Content:
        """Write what a user holds of a symbol; totals are rounded half-even to 8 decimals."""
        tick_size_e8 = self._tick_size_e8(held.symbol)
        return {
            "symbol": held.symbol,
            "net_quantity": format_quantity(held.net_quantity_e8),
            "average_price": _price(held.average_price_e8, tick_size_e8),
            "total_cost": format_price(average_price_e8(held.total_cost_e16, SCALE), tick_size_e8),
            "realized_pnl": format_price(average_price_e8(held.realized_pnl_e16, SCALE), tick_size_e8),
            "last_updated": format_timestamp(held.updated_ns),
        }

    def candle(self, symbol: str, start_ns: int, candle: Candle) -> Content:
        """Write a candle; the average has as many decimals as it needs, up to 8."""
        tick_size_e8 = self._tick_size_e8(symbol)
        vwap_e8 = average_price_e8(candle.notional_e16, candle.volume_e8)
        return {
            "start": format_timestamp(start_ns),
            "open": format_price(candle.open_e8, tick_size_e8),
            "high": format_price(candle.high_e8, tick_size_e8),
            "low": format_price(candle.low_e8, tick_size_e8),
            "close": format_price(candle.close_e8, tick_size_e8),
            "volume": format_quantity(candle.volume_e8),
            "vwap": format_price(vwap_e8, tick_size_e8),
            "trade_count": candle.trades,
        }


def instrument(listed: Listed) -> Content:
    """Write an instrument and where its session is."""
    terms, state = listed
    return {
        "symbol": terms.symbol,
        "tick_size": format_quantity(terms.tick_size_e8),
        "lot_size": format_quantity(terms.lot_size_e8),
        "price_band_percent": _percent(terms.price_band_percent_e8),
        "circuit_breaker_percent": _percent(terms.circuit_breaker_percent_e8),
        "reference_price": _price(terms.reference_price_e8, terms.tick_size_e8),
        "self_trade_prevention": terms.self_trade_prevention,
        "schedule": format_schedule(terms.schedule),
        "state": state,
    }


def risk_limits(limits: SetRiskLimits | None) -> Content:
    """Write limits; null is none."""
    if limits is None:
        return dict.fromkeys(("max_order_quantity", "max_order_notional", "max_open_orders", "max_position"))
    return {
        "max_order_quantity": _quantity(limits.max_order_quantity_e8),
        "max_order_notional": _quantity(limits.max_order_notional_e8),
        "max_open_orders": limits.max_open_orders,
        "max_position": _quantity(limits.max_position_e8),
    }


def indication(indicated: Indicated | None, tick_size_e8: int) -> Content:
    """Write what an auction would do now; null if nothing would trade."""
    if indicated is None:
        return dict.fromkeys(("indicative_price", "indicative_quantity", "indicative_imbalance"))
    return {
        "indicative_price": format_price(indicated.price_e8, tick_size_e8),
        "indicative_quantity": format_quantity(indicated.quantity_e8),
        "indicative_imbalance": format_quantity(indicated.imbalance_e8),
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


def _price(price_e8: int | None, tick_size_e8: int) -> str | None:
    return None if price_e8 is None else format_price(price_e8, tick_size_e8)


def _quantity(quantity_e8: int | None) -> str | None:
    return None if quantity_e8 is None else format_quantity(quantity_e8)


def _percent(percent_e8: int) -> str | None:
    return format_quantity(percent_e8) if percent_e8 else None


def statistics(over_a_day: Statistics, tick_size_e8: int) -> Content:
    """Write the statistics of the last 24 hours; the average has as many decimals as it needs, up to 8."""
    return {
        "volume": format_quantity(over_a_day.volume_e8),
        "vwap": _price(over_a_day.vwap_e8, tick_size_e8),
        "open": _price(over_a_day.open_e8, tick_size_e8),
        "high": _price(over_a_day.high_e8, tick_size_e8),
        "low": _price(over_a_day.low_e8, tick_size_e8),
        "trade_count": over_a_day.trades,
    }
