"""Messages about trades."""

from msgspec import Struct

from order_engine.matching.commands import Side
from order_engine.wire.messages.json_types import Price, Quantity, Timestamp


class Trade(Struct, frozen=True, gc=False):
    """A trade. Trades are final. An auction has neither maker nor taker."""

    trade_id: str
    symbol: str
    price: Price
    quantity: Quantity
    buy_order_id: str
    sell_order_id: str
    maker_order_id: str | None
    taker_order_id: str | None
    taker_side: Side | None
    auction: bool
    sequence: int
    executed_at: Timestamp


class TradeEvent(Trade, frozen=True, gc=False, tag_field="event", tag="trade"):
    """A trade among the other events of an order."""


class TradePage(Struct, frozen=True):
    """Trades, newest first."""

    trades: list[Trade]
    next_cursor: str | None
