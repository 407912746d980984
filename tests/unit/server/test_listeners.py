"""Many clients that connect at once are accepted at once, and a refusal of the system is not the end."""

import asyncio
import errno
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from socket import create_connection, socket
from typing import Any, cast

import pytest
import uvloop

from order_engine.server.listeners import ACCEPTED_AT_ONCE_MAX, PAUSE_SECONDS, Listeners

CLIENTS = ACCEPTED_AT_ONCE_MAX + 100
TURNS_MAX = 20


class Kept(asyncio.Protocol):
    """Adds its transport to a list."""

    def __init__(self, transports: list[asyncio.Transport]) -> None:
        self._transports = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transports.append(cast(asyncio.Transport, transport))


class Turns:
    """Counts the turns of a loop, and stops it when enough connections were made."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transports: list[asyncio.Transport]) -> None:
        self.count = 0
        self._loop = loop
        self._transports = transports
        loop.call_soon(self._next)

    def _next(self) -> None:
        self.count += 1
        if len(self._transports) == CLIENTS or self.count > CLIENTS * 10:
            self._loop.stop()
        else:
            self._loop.call_soon(self._next)


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    loop: asyncio.AbstractEventLoop = request.param()
    yield loop
    loop.close()


def test_clients_that_connect_at_once_are_accepted_in_a_few_turns(loop: asyncio.AbstractEventLoop) -> None:
    transports: list[asyncio.Transport] = []
    with ExitStack() as stack:
        listener = stack.enter_context(socket())
        listener.bind(("127.0.0.1", 0))
        listeners = Listeners(loop, [listener], partial(Kept, transports))
        listeners.open(CLIENTS)
        for _ in range(CLIENTS):
            stack.enter_context(create_connection(listener.getsockname()))

        turns = Turns(loop, transports)
        loop.run_forever()
        listeners.close()
        for transport in transports:
            transport.abort()
        loop.run_until_complete(asyncio.sleep(0.01))

        assert len(transports) == CLIENTS
        assert turns.count <= TURNS_MAX
        assert listeners.are_done


class ShortOfFiles:
    """A listening socket of a process that may open no more files."""

    def __init__(self) -> None:
        self.asked = 0

    def accept(self) -> Any:  # Any: it never returns
        self.asked += 1
        raise OSError(errno.EMFILE, "Too many open files")

    def __getattr__(self, name: str) -> Any:  # Any: the other methods of a socket do nothing here
        return lambda *_: None


class HandLoop:
    """A loop whose readers and timers a test calls by hand."""

    def __init__(self) -> None:
        self.readers: dict[object, Any] = {}  # Any: callbacks
        self.later: list[tuple[float, Any, Any]] = []

    def add_reader(self, listener: object, callback: Any, *_: object) -> None:
        self.readers[listener] = callback

    def remove_reader(self, listener: object) -> None:
        self.readers.pop(listener)

    def call_later(self, seconds: float, callback: Any, listener: object) -> None:
        self.later.append((seconds, callback, listener))


def test_listener_is_left_alone_for_a_while_when_the_process_may_open_no_more_files() -> None:
    loop, listener = HandLoop(), ShortOfFiles()
    listeners = Listeners(loop, [listener], partial(Kept, []))  # type: ignore[arg-type, list-item]
    listeners.open(1)

    loop.readers[listener](listener)

    assert listener.asked == 1
    assert not loop.readers
    ((seconds, callback, again),) = loop.later
    assert (seconds, again) == (PAUSE_SECONDS, listener)
    callback(again)
    assert listener in loop.readers
