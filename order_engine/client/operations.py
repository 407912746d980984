"""The methods that both clients have. Each is written once, as a request; the client says how it is sent."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from order_engine.client import requests, subscriptions
from order_engine.client.messages import Page
from order_engine.client.requests import Request
from order_engine.client.subscriptions import Subscription

if TYPE_CHECKING:
    from order_engine.client.asynchronous import AsyncClient
    from order_engine.client.blocking import Client

P = ParamSpec("P")
T = TypeVar("T")


class Operation(Generic[P, T]):
    """A request as a method: of the blocking client it returns the result, of the other one an awaitable."""

    def __init__(self, build: Callable[P, Request[T]]) -> None:
        self._build = build

    @overload
    def __get__(self, client: "Client", kind: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: "AsyncClient", kind: type) -> Callable[P, Awaitable[T]]: ...
    def __get__(self, client: Any, kind: type) -> Any:  # Any: the overloads say it
        return _after(self._build, client.send)


class Listing(Generic[P, T]):
    """A request for pages as a method that iterates over all items, and fetches each page when it is needed."""

    def __init__(self, build: Callable[P, Request[Page[T]]]) -> None:
        self._build = build

    @overload
    def __get__(self, client: "Client", kind: type) -> Callable[P, Generator[T, None, None]]: ...
    @overload
    def __get__(self, client: "AsyncClient", kind: type) -> Callable[P, AsyncGenerator[T, None]]: ...
    def __get__(self, client: Any, kind: type) -> Any:  # Any: the overloads say it
        return _after(self._build, client.each)


class Stream(Generic[P, T]):
    """A subscription as a method that iterates over what it brings, and connects again when it must."""

    def __init__(self, build: Callable[P, Subscription[T]]) -> None:
        self._build = build

    @overload
    def __get__(self, client: "Client", kind: type) -> Callable[P, Generator[T, None, None]]: ...
    @overload
    def __get__(self, client: "AsyncClient", kind: type) -> Callable[P, AsyncGenerator[T, None]]: ...
    def __get__(self, client: Any, kind: type) -> Any:  # Any: the overloads say it
        return _after(self._build, client.follow)


def _after(build: Callable[..., Any], send: Callable[[Any], Any]) -> Callable[..., Any]:  # Any: the callers say it
    def call(*arguments: object, **named: object) -> object:
        return send(build(*arguments, **named))

    return update_wrapper(call, build)


class Operations:
    """What can be asked of an exchange."""

    place = Operation(requests.place)
    place_batch = Operation(requests.place_batch)
    order = Operation(requests.order)
    order_by_client_id = Operation(requests.order_by_client_id)
    amend = Operation(requests.amend)
    cancel = Operation(requests.cancel)
    cancel_all = Operation(requests.cancel_all)
    orders = Listing(requests.orders)
    trades = Listing(requests.trades)
    whoami = Operation(requests.whoami)

    depth = Operation(requests.depth)
    top_of_book = Operation(requests.top_of_book)
    market = Operation(requests.market)
    markets = Listing(requests.markets)
    candles = Operation(requests.candles)
    time = Operation(requests.time)
    instrument = Operation(requests.instrument)
    instruments = Listing(requests.instruments)
    list_instrument = Operation(requests.list_instrument)
    settle = Operation(requests.settle)
    delist_instrument = Operation(requests.delist_instrument)
    set_state = Operation(requests.set_state)

    positions = Listing(requests.positions)
    risk_limits = Operation(requests.risk_limits)
    set_risk_limits = Operation(requests.set_risk_limits)
    disable_user = Operation(requests.disable_user)
    enable_user = Operation(requests.enable_user)

    watch_book = Stream(subscriptions.watch_book)
    watch_trades = Stream(subscriptions.watch_trades)
    watch_orders = Stream(subscriptions.watch_orders)
