"""The results of queries: plain values, not rows of a session."""

from typing import NamedTuple

from order_engine.market_data.candles import Candle
from order_engine.market_data.positions import round_half_even
from order_engine.matching.commands import Side
from order_engine.matching.events import OrderState

HUNDREDTHS = 100 * 100
HUNDREDTH_E8 = 1_000_000


class StoredOrder(NamedTuple):
    """An order as it stands in the database, and the command that last changed it."""

    order: OrderState
    updated_ns: int
    updated_sequence: int


class StoredTrade(NamedTuple):
    """A trade; ``number`` is its place among the events of its command."""

    sequence: int
    number: int
    trade_id: str
    symbol: str
    price_e8: int
    quantity_e8: int
    taker_side: Side | None
    buy_order_id: str
    sell_order_id: str
    buy_user_id: str | None
    sell_user_id: str | None
    executed_ns: int

    @property
    def maker_order_id(self) -> str | None:
        """The order that was resting."""
        return None if self.taker_side is None else self._order_id(buying=self.taker_side is Side.SELL)

    @property
    def taker_order_id(self) -> str | None:
        """The order that came in."""
        return None if self.taker_side is None else self._order_id(buying=self.taker_side is Side.BUY)

    def buys_for(self, user_id: str, order_id: str | None) -> bool:
        """Whether it is the buy order that is a user's, or that was asked for; of a user's two, the one that took."""
        if order_id is not None:
            return self.buy_order_id == order_id
        if self.buy_user_id == self.sell_user_id:
            return self.taker_side is not Side.SELL
        return self.buy_user_id == user_id

    def _order_id(self, buying: bool) -> str:
        return self.buy_order_id if buying else self.sell_order_id


class StoredOrderEvent(NamedTuple):
    """What happened to an order besides its trades, and how it stood right after.

    A refused amend or cancel has neither terms nor status, because it changed nothing. ``actor`` is who sent the
    command, if that is known and was not the order's user.
    """

    sequence: int
    number: int
    order_id: str
    event: str
    reason: str | None
    status: str | None
    price_e8: int | None
    quantity_e8: int | None
    filled_e8: int | None
    remaining_e8: int | None
    canceled_e8: int | None
    decremented_e8: int | None
    display_quantity_e8: int | None
    stop_price_e8: int | None
    trail_amount_e8: int | None
    occurred_ns: int
    actor: str | None


class StoredPosition(NamedTuple):
    """A user's position in a symbol (negative: short), and the profit that closing parts of it realized."""

    user_id: str
    symbol: str
    net_quantity_e8: int
    average_price_e8: int | None
    total_cost_e16: int
    realized_pnl_e16: int
    updated_ns: int
    updated_sequence: int


class OrderPage(NamedTuple):
    """Orders, newest first, and the cursor of the next page if there is one."""

    orders: list[StoredOrder]
    next_cursor: str | None


class TradePage(NamedTuple):
    """Trades, newest first, and the cursor of the next page if there is one."""

    trades: list[StoredTrade]
    next_cursor: str | None


class CandlePage(NamedTuple):
    """Candles, each with its start, oldest first, and the cursor of the next page if there is one."""

    candles: list[tuple[int, Candle]]
    next_cursor: str | None


class Statistics(NamedTuple):
    """A symbol over the last 24 hours; prices are absent when nothing traded. ``volume_e8`` may exceed 64 bits."""

    volume_e8: int
    notional_e16: int
    vwap_e8: int | None
    high_e8: int | None
    low_e8: int | None
    open_e8: int | None
    close_e8: int | None
    trades: int

    @property
    def change_e8(self) -> int | None:
        """How far the last price is from the first."""
        return None if self.close_e8 is None or self.open_e8 is None else self.close_e8 - self.open_e8

    @property
    def change_percent_e8(self) -> int | None:
        """The same in percent of the first price, rounded half-even to 2 decimals."""
        change_e8 = self.change_e8
        if change_e8 is None or self.open_e8 is None:
            return None
        return round_half_even(change_e8 * HUNDREDTHS, self.open_e8) * HUNDREDTH_E8
