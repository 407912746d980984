"""What the exchange answers. Amounts are ``Decimal``, times are ``datetime`` in UTC; absent values are None.

A field that this version does not know is ignored: messages may grow.
"""

from datetime import datetime
from decimal import Decimal
from typing import Generic, Literal, NamedTuple, TypeVar

from msgspec import Struct, field

from order_engine.client.terms import OrderStatus, OrderType, SelfTradePrevention, SessionState, Side, TimeInForce

T = TypeVar("T")
LIVE_STATUSES = frozenset({"PENDING", "OPEN", "PARTIALLY_FILLED"})


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a list, and where the next part begins."""

    items: list[T]
    next_cursor: str | None


class Trade(Struct, frozen=True, kw_only=True):
    """A trade. Trades are final. An auction has neither maker nor taker.

    Where a user's trades were asked for, ``side``, ``order_id`` and ``liquidity`` are the user's own.
    """

    trade_id: str
    symbol: str
    price: Decimal
    quantity: Decimal
    buy_order_id: str | None
    sell_order_id: str | None
    maker_order_id: str | None
    taker_order_id: str | None
    taker_side: Side | None
    auction: bool
    sequence: int
    executed_at: datetime
    side: Side | None = None
    order_id: str | None = None
    liquidity: Literal["MAKER", "TAKER"] | None = None


class Order(Struct, frozen=True, kw_only=True):
    """An order; where one order was asked for, with its newest 100 trades, oldest first.

    ``trades`` is None in lists, and while the exchange's database is away or behind.
    """

    order_id: str
    client_order_id: str | None
    user_id: str | None
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: Decimal | None
    stop_price: Decimal | None
    trail_amount: Decimal | None
    display_quantity: Decimal | None
    post_only: bool
    self_trade_prevention: SelfTradePrevention | None
    expire_at: datetime | None
    quantity: Decimal
    filled_quantity: Decimal
    remaining_quantity: Decimal
    average_price: Decimal | None
    status: OrderStatus
    reason: str | None
    sequence: int
    created_at: datetime
    updated_at: datetime | None
    trades: list[Trade] | None = None
    trades_cursor: str | None = None

    @property
    def is_live(self) -> bool:
        """Whether it rests or waits."""
        return self.status in LIVE_STATUSES


class ProblemDocument(Struct, frozen=True, kw_only=True):
    """Why a request failed: ``code`` for programs, ``detail`` for people, ``errors`` of a body's fields."""

    status: int
    code: str
    detail: str
    errors: dict[str, list[str]] = {}
    order: Order | None = None
    request_id: str | None = None


class BatchResult(Struct, frozen=True, kw_only=True):
    """What came of one order of a batch: an order or a problem."""

    status: int
    order: Order | None = None
    problem: ProblemDocument | None = None


class Level(NamedTuple):
    """The orders of a book at one price."""

    price: Decimal
    quantity: Decimal
    orders: int


class Depth(Struct, frozen=True, kw_only=True):
    """A book's levels, best first. While PRE_OPEN also what the auction would do now."""

    symbol: str
    sequence: int
    bids: list[Level]
    asks: list[Level]
    state: SessionState
    indicative_price: Decimal | None = None
    indicative_quantity: Decimal | None = None
    indicative_imbalance: Decimal | None = None


class TopOfBook(Struct, frozen=True, kw_only=True):
    """The best bid and ask."""

    symbol: str
    sequence: int
    best_bid: Decimal | None
    best_bid_quantity: Decimal | None
    best_ask: Decimal | None
    best_ask_quantity: Decimal | None


class Market(TopOfBook, frozen=True, kw_only=True):
    """The top of the book, the last price, and the last 24 hours."""

    state: SessionState
    last_price: Decimal | None
    volume: Decimal
    vwap: Decimal | None
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    change: Decimal | None
    change_percent: Decimal | None
    trade_count: int


class Candle(Struct, frozen=True, kw_only=True):
    """The trades of the interval that begins at ``start``."""

    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    vwap: Decimal
    trade_count: int


class Time(Struct, frozen=True, kw_only=True):
    """The exchange's time; ``milliseconds`` since 1970."""

    time: datetime
    milliseconds: int


class Identity(Struct, frozen=True, kw_only=True):
    """Whose key the client sends, and its highest scope: read, trade or admin."""

    key: str | None
    user_id: str | None
    scope: str


class Position(Struct, frozen=True, kw_only=True):
    """A user's position in a symbol; a short one is negative."""

    symbol: str
    net_quantity: Decimal
    average_price: Decimal | None
    total_cost: Decimal
    realized_pnl: Decimal
    last_updated: datetime


class SessionTime(Struct, frozen=True, kw_only=True):
    """A state that a session enters every day at a time in UTC."""

    at: str
    state: SessionState


class Instrument(Struct, frozen=True, kw_only=True):
    """An instrument: its tick and lot, its price protections and limits, and the state of its session."""

    symbol: str
    tick_size: Decimal
    lot_size: Decimal
    price_band_percent: Decimal | None
    circuit_breaker_percent: Decimal | None
    reference_price: Decimal | None
    self_trade_prevention: SelfTradePrevention | None
    schedule: list[SessionTime]
    state: SessionState
    name: str | None
    base: str | None
    quote: str | None
    min_price: Decimal | None
    max_price: Decimal | None
    min_quantity: Decimal | None
    max_quantity: Decimal | None
    min_notional: Decimal | None
    settlement_price: Decimal | None


class Session(Struct, frozen=True, kw_only=True):
    """The state of an instrument's session; ``reason`` is given if the exchange changed it by itself."""

    symbol: str
    state: SessionState
    reason: str | None


class RiskLimits(Struct, frozen=True, kw_only=True):
    """A user's limits per symbol; None means no limit."""

    user_id: str
    is_own: bool
    is_enabled: bool
    max_order_quantity: Decimal | None
    max_order_notional: Decimal | None
    max_open_orders: int | None
    max_position: Decimal | None


class User(Struct, frozen=True, kw_only=True):
    """Whether a user may place orders, and the orders that disabling the user canceled."""

    user_id: str
    is_enabled: bool
    canceled: list[str]


class OrderPage(Page[Order], frozen=True, kw_only=True):
    """Orders, newest first."""

    items: list[Order] = field(name="orders")


class TradePage(Page[Trade], frozen=True, kw_only=True):
    """Trades, newest first."""

    items: list[Trade] = field(name="trades")


class PositionPage(Page[Position], frozen=True, kw_only=True):
    """Positions, by symbol."""

    items: list[Position] = field(name="positions")


class Delisted(Struct, frozen=True, kw_only=True):
    """An instrument that is listed no more."""

    symbol: str


class InstrumentPage(Page[Instrument], frozen=True, kw_only=True):
    """Instruments, by symbol."""

    items: list[Instrument] = field(name="instruments")


class MarketPage(Page[Market], frozen=True, kw_only=True):
    """Market data, by symbol."""

    items: list[Market] = field(name="markets")


class Candles(Struct, frozen=True, kw_only=True):
    """Candles, oldest first."""

    symbol: str
    interval: str
    candles: list[Candle]


class BatchResults(Struct, frozen=True, kw_only=True):
    """One result for each order of a batch."""

    results: list[BatchResult]


class Canceled(Struct, frozen=True, kw_only=True):
    """The orders that a mass cancel canceled."""

    canceled: list[str]
