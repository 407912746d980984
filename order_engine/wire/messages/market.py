"""Messages about instruments, books and candles."""

from msgspec import UNSET, Struct, UnsetType

from order_engine.matching.commands import SelfTradePrevention, SessionState
from order_engine.matching.reason import Reason
from order_engine.wire.messages.json_types import Percent, Price, Quantity, Step, TimeOfDay, Timestamp

Level = tuple[str, str, int]
RestingOrder = tuple[str, str, str]


class ScheduledState(Struct, frozen=True, gc=False):
    """A state that a session enters every day at a time in UTC."""

    at: TimeOfDay
    state: SessionState


class Instrument(Struct, frozen=True):
    """An instrument: its tick and lot, its price protections and limits, and the state of its session.

    With a `settlement_price` it is closed for good: all positions ended at that price.
    """

    symbol: str
    tick_size: Step
    lot_size: Step
    price_band_percent: Percent | None
    circuit_breaker_percent: Percent | None
    reference_price: Price | None
    self_trade_prevention: SelfTradePrevention | None
    schedule: list[ScheduledState]
    state: SessionState
    name: str | None
    base: str | None
    quote: str | None
    min_price: Price | None
    max_price: Price | None
    min_quantity: Quantity | None
    max_quantity: Quantity | None
    min_notional: Quantity | None
    settlement_price: Price | None


class Delisted(Struct, frozen=True, gc=False):
    """An instrument that is listed no more."""

    symbol: str


class Instruments(Struct, frozen=True):
    """A page of the instruments, by symbol."""

    instruments: list[Instrument]
    next_cursor: str | None


class Session(Struct, frozen=True, gc=False):
    """The state of an instrument's session; `reason` is given if the exchange changed it by itself."""

    symbol: str
    state: SessionState
    reason: Reason | None


class Depth(Struct, frozen=True, kw_only=True):
    """A book's levels, best first: price, quantity, number of orders. While PRE_OPEN also the auction's indication."""

    symbol: str
    sequence: int
    bids: list[Level]
    asks: list[Level]
    state: SessionState
    indicative_price: Price | UnsetType | None = UNSET
    indicative_quantity: Quantity | UnsetType | None = UNSET
    indicative_imbalance: Quantity | UnsetType | None = UNSET


class TopOfBook(Struct, frozen=True, gc=False):
    """The best bid and ask."""

    symbol: str
    sequence: int
    best_bid: Price | None
    best_bid_quantity: Quantity | None
    best_ask: Price | None
    best_ask_quantity: Quantity | None


class Market(TopOfBook, frozen=True, gc=False):
    """The top of the book, the last price, and the last 24 hours; `change` is from their first price to their last."""

    state: SessionState
    last_price: Price | None
    volume: Quantity
    vwap: Price | None
    open: Price | None
    high: Price | None
    low: Price | None
    change: Price | None
    change_percent: Percent | None
    trade_count: int


class Markets(Struct, frozen=True):
    """Several instruments' market data, by symbol."""

    markets: list[Market]
    next_cursor: str | None


class Candle(Struct, frozen=True, gc=False):
    """The trades of the interval that begins at `start`."""

    start: Timestamp
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Quantity
    vwap: Price
    trade_count: int


class Candles(Struct, frozen=True):
    """Candles, oldest first."""

    symbol: str
    interval: str
    candles: list[Candle]
    next_cursor: str | None
