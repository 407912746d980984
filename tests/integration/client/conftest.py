"""The blocking client and the one for asyncio, so that a test can use either in the same way."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from order_engine.client import Client
from order_engine.testing import Exchange, exchange


class Awaited:
    """The client for asyncio as a blocking one: each call is awaited here."""

    def __init__(self, served: Exchange, runner: asyncio.Runner) -> None:
        self._client = served.async_client()
        self._run = runner.run

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: object, **named: object) -> Any:  # Any: of the method
            found = getattr(self._client, name)(*arguments, **named)
            return self._each(found) if isinstance(found, AsyncGenerator) else self._run(found)

        return call

    def _each(self, items: AsyncGenerator[object, None]) -> Iterator[object]:
        async def following() -> object:
            return await anext(items)

        try:
            with suppress(StopAsyncIteration):
                while True:
                    yield self._run(following())
        finally:
            self._run(items.aclose())


@pytest.fixture(scope="module")
def served() -> Iterator[Exchange]:
    with exchange() as running:
        yield running


@pytest.fixture(scope="module", params=["blocking", "asyncio"])
def client(request: pytest.FixtureRequest, served: Exchange) -> Iterator[Client]:
    if request.param == "blocking":
        with served.client() as blocking:
            yield blocking
        return
    with asyncio.Runner() as runner:
        awaited = Awaited(served, runner)
        yield awaited  # type: ignore[misc]  # has the same methods
        awaited.close()
