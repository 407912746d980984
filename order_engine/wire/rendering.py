"""Renders the core's events and views as messages: plain functions, and a ``Renderer`` that knows each tick."""

from collections.abc import Callable, Iterable

from order_engine.matching.commands import SessionState, SetRiskLimits, Side
from order_engine.matching.events import OrderState, TradeExecuted
from order_engine.matching.instrument import Instrument, or_none
from order_engine.wire.messages import market
from order_engine.wire.messages.orders import Order, OrderWithTrades
from order_engine.wire.messages.trades import Trade
from order_engine.wire.messages.users import RiskLimits
from order_engine.wire.order_writer import OrderWriter
from order_engine.wire.schedules import format_time_of_day
from order_engine.wire.timestamps import format_timestamp
from order_engine.wire.units import average_price_e8, format_price, format_quantity

TickSizeOf = Callable[[str], int]
Sees = Callable[[str | None], bool]
"""Says whether an order's id is shown, by the order's user; None: nobody's."""
LevelE8 = tuple[int, int, int]
OrderE8 = tuple[str, int, int]
TradeTerms = tuple[str, str, str, str | None, str | None, str | None, str | None, Side | None, bool]

_ORDER = OrderWriter(Order, "average_price", "updated_at")
_ORDER_WITH_TRADES = OrderWriter(OrderWithTrades, "average_price", "updated_at", "trades", "trades_cursor")


class Renderer:
    """Formats prices with the decimals of the instrument's tick; if the tick is 0, with as few as possible."""

    def __init__(self, tick_size_e8: TickSizeOf) -> None:
        self._tick_size_e8 = tick_size_e8

    def price(self, symbol: str, price_e8: int) -> str:
        """Format a price of an instrument."""
        return format_price(price_e8, self._tick_size_e8(symbol))

    def price_or_null(self, symbol: str, price_e8: int | None) -> str | None:
        """Format a price that may be absent."""
        return None if price_e8 is None else format_price(price_e8, self._tick_size_e8(symbol))

    def order(self, state: OrderState, updated_ns: int) -> Order:
        """Render an order from the core or the database."""
        tick_size_e8 = self._tick_size_e8(state.placed.symbol)
        average_price = _average_price(state, tick_size_e8)
        return _ORDER.write(state, tick_size_e8, average_price, format_timestamp(updated_ns))

    def order_with_trades(
        self, state: OrderState, updated_ns: int | None, trades: list[Trade] | None, trades_cursor: str | None = None
    ) -> OrderWithTrades:
        """Render an order and its trades; what is not known is null."""
        tick_size_e8 = self._tick_size_e8(state.placed.symbol)
        average_price = _average_price(state, tick_size_e8)
        updated_at = None if updated_ns is None else format_timestamp(updated_ns)
        return _ORDER_WITH_TRADES.write(state, tick_size_e8, average_price, updated_at, trades, trades_cursor)

    def trade(self, trade: TradeExecuted, sequence: int, timestamp_ns: int, sees: Sees) -> Trade:
        """Render a trade."""
        price = self.price(trade.symbol, trade.price_e8)
        return Trade(trade.trade_id, *trade_terms(trade, price, sees), sequence, format_timestamp(timestamp_ns))


def sees_all(_user_id: str | None) -> bool:
    """Show the ids of everybody's orders."""
    return True


def sees_none(_user_id: str | None) -> bool:
    """Show the ids of nobody's orders."""
    return False


def trade_terms(trade: TradeExecuted, price: str, sees: Sees) -> TradeTerms:
    """Return the fields that all messages of a trade share, in their order."""
    buy_order_id = trade.buy.order_id if sees(trade.buy.placed.user_id) else None
    sell_order_id = trade.sell.order_id if sees(trade.sell.placed.user_id) else None
    return (
        trade.symbol,
        price,
        format_quantity(trade.quantity_e8),
        *order_ids(buy_order_id, sell_order_id, trade.taker_side),
        trade.taker_side,
        trade.taker_side is None,
    )


def order_ids(
    buy_order_id: str | None, sell_order_id: str | None, taker_side: Side | None
) -> tuple[str | None, str | None, str | None, str | None]:
    """Return the ids of a trade's orders: buyer, seller, maker and taker. An auction has neither of the last two."""
    if taker_side is None:
        return buy_order_id, sell_order_id, None, None
    if taker_side is Side.BUY:
        return buy_order_id, sell_order_id, sell_order_id, buy_order_id
    return buy_order_id, sell_order_id, buy_order_id, sell_order_id


def instrument(terms: Instrument, state: SessionState) -> market.Instrument:
    """Render an instrument and the state of its session."""
    return market.Instrument(
        terms.symbol,
        format_quantity(terms.tick_size_e8),
        format_quantity(terms.lot_size_e8),
        quantity_or_null(terms.price_band_percent_e8 or None),
        quantity_or_null(terms.circuit_breaker_percent_e8 or None),
        price_of_terms(terms, terms.reference_price_e8),
        terms.self_trade_prevention,
        [market.ScheduledState(format_time_of_day(entry.second_of_day), entry.state) for entry in terms.schedule],
        state,
        or_none(terms.name),
        or_none(terms.base),
        or_none(terms.quote),
        price_of_terms(terms, or_none(terms.min_price_e8)),
        price_of_terms(terms, or_none(terms.max_price_e8)),
        quantity_or_null(or_none(terms.min_quantity_e8)),
        quantity_or_null(or_none(terms.max_quantity_e8)),
        quantity_or_null(or_none(terms.min_notional_e8)),
        price_of_terms(terms, or_none(terms.settlement_price_e8)),
    )


def price_of_terms(terms: Instrument, price_e8: int | None) -> str | None:
    """Format a price among the terms of an instrument, which may be absent."""
    return None if price_e8 is None else format_price(price_e8, terms.tick_size_e8)


def risk_limits(user_id: str, limits: SetRiskLimits | None, *, is_own: bool, is_enabled: bool) -> RiskLimits:
    """Render a user's limits; null means no limit."""
    if limits is None:
        return RiskLimits(user_id, is_own, is_enabled, None, None, None, None)
    return RiskLimits(
        user_id,
        is_own,
        is_enabled,
        quantity_or_null(limits.max_order_quantity_e8),
        quantity_or_null(limits.max_order_notional_e8),
        limits.max_open_orders,
        quantity_or_null(limits.max_position_e8),
    )


def levels(side: Iterable[LevelE8], tick_size_e8: int) -> list[market.Level]:
    """Render one side of a book: price, quantity and number of orders of each level."""
    return [
        (format_price(price_e8, tick_size_e8), format_quantity(quantity_e8), orders)
        for price_e8, quantity_e8, orders in side
    ]


def resting_orders(side: Iterable[OrderE8], tick_size_e8: int) -> list[market.RestingOrder]:
    """Render one side of a book: id, price and shown quantity of each order."""
    return [
        (order_id, format_price(price_e8, tick_size_e8), format_quantity(quantity_e8))
        for order_id, price_e8, quantity_e8 in side
    ]


def top_of_book(
    symbol: str, sequence: int, bids: list[LevelE8], asks: list[LevelE8], tick_size_e8: int
) -> market.TopOfBook:
    """Render the best level of both sides."""
    bid, bid_quantity, _ = levels(bids[:1], tick_size_e8)[0] if bids else (None, None, 0)
    ask, ask_quantity, _ = levels(asks[:1], tick_size_e8)[0] if asks else (None, None, 0)
    return market.TopOfBook(symbol, sequence, bid, bid_quantity, ask, ask_quantity)


def _average_price(state: OrderState, tick_size_e8: int) -> str | None:
    if not state.filled_e8:
        return None
    return format_price(average_price_e8(state.filled_notional_e16, state.filled_e8), tick_size_e8)


def quantity_or_null(quantity_e8: int | None) -> str | None:
    """Format a quantity that may be absent."""
    return None if quantity_e8 is None else format_quantity(quantity_e8)
