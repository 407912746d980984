"""Messages about trades."""

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

from order_engine.matching.commands import Side
from order_engine.wire.messages.json_types import Price, Quantity, Timestamp


class Trade(Struct, frozen=True, gc=False):
    """A trade. Trades are final. An auction has neither maker nor taker.

    Where the exchange has keys, the id of an order is null for everybody but its user and admins.
    """

    trade_id: str
    symbol: str
    price: Price
    quantity: Quantity
    buy_order_id: str | None
    sell_order_id: str | None
    maker_order_id: str | None
    taker_order_id: str | None
    taker_side: Side | None
    auction: bool
    sequence: int
    executed_at: Timestamp


class Liquidity(StrEnum):
    """Whether an order rested or came in."""

    MAKER = "MAKER"
    TAKER = "TAKER"


class OwnTrade(Trade, frozen=True, gc=False):
    """A trade as one user sees it: with the user's own side and order. `liquidity` is null for an auction's."""

    side: Side
    order_id: str
    liquidity: Liquidity | None


class TradeEvent(Trade, frozen=True, gc=False, tag_field="event", tag="trade"):
    """A trade among the other events of an order."""


class TradePage(Struct, frozen=True):
    """Trades, newest first; a user's own as the user sees them."""

    # Any: Trade or OwnTrade, a union that msgspec takes only where both have a tag.
    trades: list[
        Annotated[
            Any,
            Meta(
                extra_json_schema={
                    "anyOf": [{"$ref": "#/components/schemas/OwnTrade"}, {"$ref": "#/components/schemas/Trade"}]
                }
            ),
        ]
    ]
    next_cursor: str | None
