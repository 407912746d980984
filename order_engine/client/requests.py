"""The requests that the exchange knows: what is sent, and how the response is read. No I/O."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar, Unpack
from urllib.parse import quote

from msgspec import json

from order_engine.client import messages
from order_engine.client.messages import Order, Page
from order_engine.client.terms import (
    Amount,
    CandleFilter,
    InstrumentTerms,
    Interval,
    Limits,
    NewOrder,
    NewTerms,
    OrderFilter,
    SessionState,
    Side,
    TradeFilter,
)

T = TypeVar("T")


class Request(NamedTuple, Generic[T]):
    """A request whose response is a ``T``. ``key`` is the idempotency key, if the caller has one."""

    method: str
    path: str
    read: Callable[[bytes], T]
    query: Mapping[str, str] = {}
    body: Mapping[str, object] | None = None
    key: str | None = None

    @property
    def is_command(self) -> bool:
        """Whether it changes something, so that it must not be carried out twice."""
        return self.method != "GET"

    def after(self, cursor: str) -> "Request[T]":
        """Return the request for the page that begins at a cursor."""
        return self._replace(query={**self.query, "cursor": cursor})


# Orders


def place(*, idempotency_key: str | None = None, **order: Unpack[NewOrder]) -> Request[Order]:
    """Place an order; raises ``Refused`` if the rulebook refuses it."""
    return Request("POST", "/orders", _one(Order), body=_exact(order), key=idempotency_key)


def place_batch(
    orders: Iterable[NewOrder], *, idempotency_key: str | None = None
) -> Request[list[messages.BatchResult]]:
    """Place up to 1,000 orders as one record. Each is accepted or refused by itself."""
    body = {"orders": [_exact(order) for order in orders]}
    read = _one(messages.BatchResults)
    return Request("POST", "/orders/batch", lambda text: read(text).results, body=body, key=idempotency_key)


def order(order_id: str) -> Request[Order]:
    """Show an order with its newest 100 trades."""
    return Request("GET", f"/orders/{_part(order_id)}", _one(Order))


def order_by_client_id(client_order_id: str, user_id: str | None = None) -> Request[Order]:
    """Show a user's newest order with this client order id; without ``user_id`` of the user of the client's key."""
    path = f"/orders/by-client-id/{_part(client_order_id)}"
    return Request("GET", path, _one(Order), _query({"user_id": user_id}))


def amend(order_id: str, **terms: Unpack[NewTerms]) -> Request[Order]:
    """Amend an order; a smaller quantity at the same price keeps its place in the queue."""
    return Request("PATCH", f"/orders/{_part(order_id)}", _one(Order), body=_exact(terms))


def cancel(order_id: str) -> Request[Order]:
    """Cancel an order."""
    return Request("DELETE", f"/orders/{_part(order_id)}", _one(Order))


def cancel_all(
    user_id: str | None = None, *, symbol: str | None = None, side: Side | None = None
) -> Request[list[str]]:
    """Cancel all live orders of a user, by default that of the client's key; returns their ids."""
    read = _one(messages.Canceled)
    query = _query({"user_id": user_id, "symbol": symbol, "side": side})
    return Request("DELETE", "/orders", lambda text: read(text).canceled, query)


def orders(**which: Unpack[OrderFilter]) -> Request[Page[Order]]:
    """List orders, newest first."""
    return Request("GET", "/orders", _one(messages.OrderPage), _query(which))


def trades(**which: Unpack[TradeFilter]) -> Request[Page[messages.Trade]]:
    """List trades, newest first."""
    return Request("GET", "/trades", _one(messages.TradePage), _query(which))


def whoami() -> Request[messages.Identity]:
    """Show whose key the client sends, and what it allows."""
    return Request("GET", "/whoami", _one(messages.Identity))


# Markets


def depth(symbol: str, levels: int = 10) -> Request[messages.Depth]:
    """Show the best levels of a book."""
    return Request("GET", f"/market/{_part(symbol)}/depth", _one(messages.Depth), {"levels": str(levels)})


def top_of_book(symbol: str) -> Request[messages.TopOfBook]:
    """Show the best bid and ask."""
    return Request("GET", f"/bbo/{_part(symbol)}", _one(messages.TopOfBook))


def market(symbol: str) -> Request[messages.Market]:
    """Show the top of the book, the last price and the last 24 hours."""
    return Request("GET", f"/market/{_part(symbol)}", _one(messages.Market))


def markets() -> Request[Page[messages.Market]]:
    """List the market data of all instruments, by symbol."""
    return Request("GET", "/market", _one(messages.MarketPage))


def candles(
    symbol: str, interval: Interval = "1m", limit: int = 100, **which: Unpack[CandleFilter]
) -> Request[list[messages.Candle]]:
    """List candles, oldest first: the newest, or with ``since`` the first from there."""
    read = _one(messages.Candles)
    query = {"interval": interval, "limit": str(limit), **_query(which)}
    return Request("GET", f"/market/{_part(symbol)}/candles", lambda text: read(text).candles, query)


def instrument(symbol: str) -> Request[messages.Instrument]:
    """Show an instrument."""
    return Request("GET", f"/instruments/{_part(symbol)}", _one(messages.Instrument))


def instruments() -> Request[Page[messages.Instrument]]:
    """List the instruments, by symbol."""
    return Request("GET", "/instruments", _one(messages.InstrumentPage))


def list_instrument(symbol: str, **terms: Unpack[InstrumentTerms]) -> Request[messages.Instrument]:
    """List an instrument, or change one that is listed."""
    return Request("POST", "/instruments", _one(messages.Instrument), body={"symbol": symbol, **_exact(terms)})


def set_state(symbol: str, state: SessionState) -> Request[messages.Session]:
    """Set the state of an instrument's session; entering OPEN runs the auction."""
    return Request("POST", f"/instruments/{_part(symbol)}/state", _one(messages.Session), body={"state": state})


def settle(symbol: str, price: Amount) -> Request[messages.Instrument]:
    """Cancel all orders of an instrument, end all positions in it at a price, and close it for good."""
    path = f"/instruments/{_part(symbol)}/settle"
    return Request("POST", path, _one(messages.Instrument), body=_exact({"price": price}))


def delist_instrument(symbol: str) -> Request[messages.Delisted]:
    """Take an instrument that never traded and has no orders off the list."""
    return Request("DELETE", f"/instruments/{_part(symbol)}", _one(messages.Delisted))


# The service


def time() -> Request[messages.Time]:
    """Show the exchange's time."""
    return Request("GET", "/time", _one(messages.Time))


# Users


def positions(user_id: str) -> Request[Page[messages.Position]]:
    """List a user's positions by symbol, closed ones included."""
    return Request("GET", f"/positions/{_part(user_id)}", _one(messages.PositionPage))


def risk_limits(user_id: str) -> Request[messages.RiskLimits]:
    """Show the limits that apply to a user."""
    return Request("GET", f"/risk-limits/{_part(user_id)}", _one(messages.RiskLimits))


def set_risk_limits(user_id: str, **limits: Unpack[Limits]) -> Request[messages.RiskLimits]:
    """Replace all limits of a user, or of everybody without own limits: ``*``."""
    return Request("PUT", f"/risk-limits/{_part(user_id)}", _one(messages.RiskLimits), body=_exact(limits))


def disable_user(user_id: str) -> Request[messages.User]:
    """Cancel all orders of a user and refuse new ones; ``*`` is everybody."""
    return Request("POST", f"/users/{_part(user_id)}/disable", _one(messages.User))


def enable_user(user_id: str) -> Request[messages.User]:
    """Enable a user again."""
    return Request("POST", f"/users/{_part(user_id)}/enable", _one(messages.User))


@cache
def _one(kind: type[T]) -> Callable[[bytes], T]:
    return json.Decoder(kind).decode


def _part(text: str) -> str:
    return quote(text, safe="")


def _exact(fields: Mapping[str, Any]) -> Mapping[str, Any]:  # Any: the values of a TypedDict
    """Refuse floats: most decimals have no exact one."""
    for name, value in fields.items():
        if isinstance(value, float):
            raise TypeError(f"{name}: found the float {value!r}, expected a Decimal, a str or an int")
    return fields


def _query(fields: Mapping[str, Any]) -> Mapping[str, str]:  # Any: the values of a TypedDict
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in fields.items()
        if value is not None
    }
