"""Accepts connections until it is told to stop, and then ends in good order.

A stop accepts the connections that wait, closes the listeners, finishes every request that was received, and gives slow
clients two seconds.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from select import POLLIN, poll
from socket import SO_SNDBUF, SOL_SOCKET, socket
from time import monotonic
from typing import Any, NamedTuple

from order_engine.server.connection import Connection
from order_engine.server.request_dispatcher import RequestDispatcher
from order_engine.server.served_venue import ServedVenue
from order_engine.server.waiting_clients import WaitingClients

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
STOPPING_TICK_SECONDS = 0.02
ACCEPT_SECONDS = 0.5
LAST_ACCEPTED_SECONDS = 0.05
SEND_BUFFER_BYTES = 1 << 17


class Limits(NamedTuple):
    """Limits for clients."""

    timeout_seconds: float
    connections: int
    backlog: int = 2048
    requests_seconds_at_stop: float = 20.0


class ServingLoop:
    """Serves a venue on listening sockets. ``must_stop`` is polled."""

    def __init__(
        self,
        venue: ServedVenue,
        listeners: Sequence[socket],
        limits: Limits,
        *,
        must_stop: Callable[[], bool] = lambda: False,
        access_log: Any = None,  # gunicorn's, which has no types
    ) -> None:
        self.loop = _new_loop()
        self._listeners = listeners
        self._limits = limits
        self._must_stop = must_stop
        self._clients = WaitingClients(limits.timeout_seconds, limits.connections)
        self.dispatcher = RequestDispatcher(venue, self.loop, self._clients, listeners[0].getsockname()[:2])
        self.dispatcher.access_log = access_log
        self._servers: list[asyncio.AbstractServer] = []
        self._stopping_since: float | None = None
        self._is_listening = True

    def run(self) -> None:
        """Serve until ``stop`` is done."""
        loop = self.loop
        for listener in self._listeners:
            # Connections inherit it. By default the system keeps megabytes for each client that does not read.
            listener.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES)
            serving = loop.create_server(
                partial(Connection, self.dispatcher), sock=listener, backlog=self._limits.backlog
            )
            self._servers.append(loop.run_until_complete(serving))
        loop.call_soon(self._tick)
        try:
            loop.run_forever()
        finally:
            self._close_listeners()
            self.dispatcher.close()
            loop.close()

    def stop(self) -> None:
        """Begin to stop; called in the loop."""
        if self._stopping_since is None:
            self._stopping_since = monotonic()
            self.dispatcher.stop()
            self._accept_waiting()

    def stop_soon(self) -> None:
        """Begin to stop; may be called from any thread."""
        self.loop.call_soon_threadsafe(self.stop)

    def _accept_waiting(self) -> None:
        # New connections may never end, so only those of the first moments are accepted.
        if self.seconds_stopping < ACCEPT_SECONDS and any(map(_is_readable, self._listeners)):
            self.loop.call_soon(self._accept_waiting)
            return
        self._clients.shorten_deadlines()
        # asyncio needs some turns of the loop to set up an accepted connection, and its server must live as long.
        # Removing the reader keeps it from accepting more; uvloop has no reader and needs no time.
        for listener in self._listeners:
            self.loop.remove_reader(listener)
        self.loop.call_later(LAST_ACCEPTED_SECONDS, self._close_listeners)

    def _close_listeners(self) -> None:
        for server in self._servers:
            server.close()
        self._is_listening = False

    def _tick(self) -> None:
        try:
            self.dispatcher.tick()
        except Exception:
            log.exception("the periodic work of the server failed")
        if self._stopping_since is None:
            if self._must_stop():
                self.stop()
            self.loop.call_later(TICK_SECONDS, self._tick)
        elif self._is_listening or self._is_anybody_served():
            self.loop.call_later(STOPPING_TICK_SECONDS, self._tick)
        else:
            # Closed connections are released in one more turn.
            self.loop.call_soon(self.loop.stop)

    def _is_anybody_served(self) -> bool:
        return len(self._clients) > 0 and self.seconds_stopping < self._limits.requests_seconds_at_stop

    @property
    def seconds_stopping(self) -> float:
        """Seconds since the stop began."""
        return monotonic() - (self._stopping_since or 0.0)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _is_readable(listener: socket) -> bool:
    poller = poll()
    poller.register(listener, POLLIN)
    return bool(poller.poll(0))
