"""Messages of the WebSocket feeds; ``type`` says which one it is."""

from msgspec import Struct

from order_engine.matching.commands import SessionState
from order_engine.matching.reason import Reason
from order_engine.wire.messages.json_types import Price, Quantity
from order_engine.wire.messages.market import Level, RestingOrder
from order_engine.wire.messages.orders import Order
from order_engine.wire.messages.trades import Trade


class FeedMessage(Struct, frozen=True, tag_field="type"):
    """What all messages of the feeds share."""


class BookSnapshot(FeedMessage, frozen=True, tag="snapshot"):
    """The best levels of a book, best first: price, quantity, number of orders; or its orders: id, price, quantity.

    ``sequence`` is their last change.
    """

    symbol: str
    sequence: int
    bids: list[Level] | list[RestingOrder]
    asks: list[Level] | list[RestingOrder]
    checksum: int
    state: SessionState | None
    last_price: Price | None
    last_trade: Trade | None


class BookUpdate(FeedMessage, frozen=True, tag="update"):
    """What changed since ``previous_sequence``. Quantities are absolute; "0" removes the level or order."""

    symbol: str
    sequence: int
    previous_sequence: int
    bids: list[Level] | list[RestingOrder]
    asks: list[Level] | list[RestingOrder]
    checksum: int


class BestPrices(FeedMessage, frozen=True, tag="bbo"):
    """The best bid and ask, after each change of one of them."""

    symbol: str
    sequence: int
    best_bid: Price | None
    best_bid_quantity: Quantity | None
    best_ask: Price | None
    best_ask_quantity: Quantity | None


class FeedTrade(Trade, frozen=True, tag_field="type", tag="trade"):
    """A trade in a feed."""


class FeedState(FeedMessage, frozen=True, tag="state"):
    """An instrument's session entered a state; ``reason`` is given if the exchange changed it by itself."""

    symbol: str
    sequence: int
    state: SessionState
    reason: Reason | None


class Heartbeat(FeedMessage, frozen=True, tag="heartbeat"):
    """Nothing was sent for a second. ``sequence`` is the last that the feed has seen, in any instrument."""

    sequence: int


class Gap(FeedMessage, frozen=True, tag="gap", rename={"from_": "from"}):
    """What happened from one sequence to another, both included, is no longer known here: read it over REST."""

    from_: int
    to: int


class CaughtUp(FeedMessage, frozen=True, tag="caught_up"):
    """Everything up to ``sequence`` that concerns the user was sent; what follows is new."""

    sequence: int


class OwnOrder(FeedMessage, frozen=True, tag="order"):
    """An event of one of the user's orders: which one, and the order after it."""

    event: str
    sequence: int
    order: Order


class OwnTrade(FeedMessage, frozen=True, tag="trade"):
    """A trade of one of the user's orders, and the order after it."""

    sequence: int
    liquidity: str | None
    trade: Trade
    order: Order
