"""What callers say: the words and fields of requests, as types. Amounts are Decimal, str or int, never float."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, Required, TypedDict

Amount = Decimal | str | int
Side = Literal["BUY", "SELL"]
OrderType = Literal["LIMIT", "MARKET", "STOP", "STOP_LIMIT", "TRAILING_STOP"]
TimeInForce = Literal["GTC", "DAY", "GTD", "IOC", "FOK"]
SelfTradePrevention = Literal["NONE", "CANCEL_NEWEST", "CANCEL_OLDEST", "CANCEL_BOTH", "DECREMENT"]
SessionState = Literal["OPEN", "PRE_OPEN", "HALTED", "CLOSED"]
OrderStatus = Literal["PENDING", "OPEN", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "REJECTED"]
Interval = Literal["1s", "1m", "5m", "15m", "1h", "1d"]


class NewOrder(TypedDict, total=False):
    """The terms of an order."""

    user_id: str
    symbol: Required[str]
    side: Required[Side]
    quantity: Required[Amount]
    price: Amount
    type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    display_quantity: Amount
    stop_price: Amount
    trail_amount: Amount
    expire_at: datetime
    self_trade_prevention: SelfTradePrevention
    client_order_id: str


class NewTerms(TypedDict, total=False):
    """The terms that an amend changes."""

    quantity: Amount
    price: Amount
    display_quantity: Amount
    stop_price: Amount
    trail_amount: Amount


class OrderFilter(TypedDict, total=False):
    """Which orders are listed. A status may also be several, with commas between them, or ``live``."""

    user_id: str
    symbol: str
    status: OrderStatus | str
    client_order_id: str
    since: datetime
    until: datetime


class TradeFilter(TypedDict, total=False):
    """Which trades are listed."""

    symbol: str
    user_id: str
    order_id: str
    since: datetime
    until: datetime


class CandleFilter(TypedDict, total=False):
    """Which candles are listed: the newest, or with ``since`` the first from there; ``until`` is where they end."""

    since: datetime
    until: datetime


class ScheduledState(TypedDict):
    """A state that a session enters every day at a time in UTC, such as ``09:30:00``."""

    at: str
    state: SessionState


class InstrumentTerms(TypedDict, total=False):
    """The terms of an instrument. None takes a term away, but not the tick or the lot."""

    tick_size: Amount
    lot_size: Amount
    price_band_percent: Amount | None
    circuit_breaker_percent: Amount | None
    reference_price: Amount | None
    self_trade_prevention: SelfTradePrevention | None
    schedule: Sequence[ScheduledState] | None
    name: str | None
    base: str | None
    quote: str | None
    min_price: Amount | None
    max_price: Amount | None
    min_quantity: Amount | None
    max_quantity: Amount | None
    min_notional: Amount | None


class Limits(TypedDict, total=False):
    """A user's risk limits per symbol. One that is left out is removed."""

    max_order_quantity: Amount
    max_order_notional: Amount
    max_open_orders: int
    max_position: Amount
