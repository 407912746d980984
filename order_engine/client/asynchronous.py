"""The client for asyncio."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Self, TypeVar

import httpx
from websockets.asyncio.client import connect

from order_engine.client.blocking import RETRIES, TIMEOUT_SECONDS
from order_engine.client.connecting import LOST, OPTIONS, Connecting
from order_engine.client.delivery import Deliveries, Delivery, Retry
from order_engine.client.messages import Page
from order_engine.client.operations import Operations
from order_engine.client.requests import Request
from order_engine.client.signing import Signing
from order_engine.client.subscriptions import Subscription

T = TypeVar("T")


class AsyncClient(Operations):
    """Talks to an exchange. Tasks of one loop may share it. Reads show what the client itself has written before."""

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
        self._http = httpx.AsyncClient(base_url=self.url, timeout=timeout, auth=signing)
        self._deliveries = Deliveries(api_key, retries, signing=signing)

    async def send(self, request: Request[T]) -> T:
        """Send a request, again if need be, and return what it asked for; raises ``ExchangeError``."""
        delivery = self._deliveries.begin(request)
        while True:
            outcome = delivery.judge(await self._exchange(delivery))
            if not isinstance(outcome, Retry):
                return outcome
            await asyncio.sleep(outcome.pause_seconds)

    async def each(self, request: Request[Page[T]]) -> AsyncGenerator[T, None]:
        """Yield the items of all pages."""
        while True:
            page = await self.send(request)
            for item in page.items:
                yield item
            if page.next_cursor is None:
                return
            request = request.after(page.next_cursor)

    async def follow(self, subscription: Subscription[T]) -> AsyncGenerator[T, None]:
        """Yield what a subscription brings, over one connection after the other; raises ``ExchangeError``."""
        connecting = Connecting(self._deliveries, self.url)
        while True:
            lost: Exception | None = None
            try:
                async with connect(
                    connecting.address(subscription.path),
                    additional_headers=self._deliveries.handshake(subscription.path),
                    **OPTIONS,
                ) as socket:
                    greeting = subscription.greeting(self._deliveries.auth())
                    if greeting is not None:
                        await socket.send(greeting)
                    async for message in socket:
                        connecting.succeeded()
                        received = subscription.receive(message)
                        if received.reply is not None:
                            await socket.send(received.reply)
                        for item in received.items:
                            yield item
            except LOST as error:
                lost = error
            await asyncio.sleep(connecting.lost(lost))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _exchange(self, delivery: Delivery[T]) -> httpx.Response | httpx.TransportError:
        try:
            return await self._http.request(
                delivery.method,
                delivery.path,
                params=delivery.query,
                headers=delivery.headers,
                content=delivery.content,
            )
        except httpx.TransportError as error:
            return error
