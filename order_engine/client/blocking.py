"""The client for code without an event loop."""

import time
from collections.abc import Generator
from typing import Self, TypeVar

import httpx
from websockets.sync.client import connect

from order_engine.client.connecting import LOST, OPTIONS, Connecting
from order_engine.client.delivery import Deliveries, Delivery, Retry
from order_engine.client.messages import Page
from order_engine.client.operations import Operations
from order_engine.client.requests import Request
from order_engine.client.signing import Signing
from order_engine.client.subscriptions import Subscription

T = TypeVar("T")

TIMEOUT_SECONDS = 10.0
RETRIES = 8


class Client(Operations):
    """Talks to an exchange. Use one in each thread. Reads show what the client itself has written before."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        signing_secret: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        retries: int = RETRIES,
    ) -> None:
        self.url = url.rstrip("/")
        signing = None if signing_secret is None else Signing(signing_secret)
        self._http = httpx.Client(base_url=self.url, timeout=timeout, auth=signing)
        self._deliveries = Deliveries(api_key, retries, signing=signing)

    def send(self, request: Request[T]) -> T:
        """Send a request, again if need be, and return what it asked for; raises ``ExchangeError``."""
        delivery = self._deliveries.begin(request)
        while True:
            outcome = delivery.judge(self._exchange(delivery))
            if not isinstance(outcome, Retry):
                return outcome
            time.sleep(outcome.pause_seconds)

    def each(self, request: Request[Page[T]]) -> Generator[T, None, None]:
        """Yield the items of all pages."""
        while True:
            page = self.send(request)
            yield from page.items
            if page.next_cursor is None:
                return
            request = request.after(page.next_cursor)

    def follow(self, subscription: Subscription[T]) -> Generator[T, None, None]:
        """Yield what a subscription brings, over one connection after the other; raises ``ExchangeError``."""
        connecting = Connecting(self._deliveries, self.url)
        while True:
            lost: Exception | None = None
            try:
                with connect(
                    connecting.address(subscription.path),
                    additional_headers=self._deliveries.handshake(subscription.path),
                    **OPTIONS,
                ) as socket:
                    greeting = subscription.greeting(self._deliveries.auth())
                    if greeting is not None:
                        socket.send(greeting)
                    for message in socket:
                        connecting.succeeded()
                        received = subscription.receive(message)
                        if received.reply is not None:
                            socket.send(received.reply)
                        yield from received.items
            except LOST as error:
                lost = error
            time.sleep(connecting.lost(lost))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _exchange(self, delivery: Delivery[T]) -> httpx.Response | httpx.TransportError:
        try:
            return self._http.request(
                delivery.method,
                delivery.path,
                params=delivery.query,
                headers=delivery.headers,
                content=delivery.content,
            )
        except httpx.TransportError as error:
            return error
