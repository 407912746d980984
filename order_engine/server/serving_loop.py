"""The loop: accepts connections until it is told to stop, and then ends in good order.

Stopping closes the listeners, after the connections that wait to be accepted were taken; finishes every request that
has come; and waits for nobody's client longer than two seconds.
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
from order_engine.server.request_desk import RequestDesk
from order_engine.server.venue_ports import ServedVenue
from order_engine.server.waiting_clients import WaitingClients

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
STOPPING_TICK_SECONDS = 0.02
ACCEPT_SECONDS = 0.5
LAST_ACCEPTED_SECONDS = 0.05
SEND_BUFFER_BYTES = 1 << 17


class Limits(NamedTuple):
    """What the loop allows its clients."""

    timeout_seconds: float
    connections: int
    backlog: int = 2048
    requests_seconds_at_stop: float = 20.0


class ServingLoop:
    """Serves a venue on listening sockets. ``must_stop`` is asked now and then."""

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
        self.desk = RequestDesk(venue, self.loop, self._clients, listeners[0].getsockname()[:2])
        self.desk.access_log = access_log
        self._servers: list[asyncio.AbstractServer] = []
        self._stopping_since: float | None = None
        self._is_listening = True

    def run(self) -> None:
        """Serve until ``stop`` has done its work."""
        loop = self.loop
        for listener in self._listeners:
            # Connections inherit it. Left alone, the system would keep megabytes for each client that takes no answer.
            listener.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES)
            serving = loop.create_server(partial(Connection, self.desk), sock=listener, backlog=self._limits.backlog)
            self._servers.append(loop.run_until_complete(serving))
        loop.call_soon(self._tick)
        try:
            loop.run_forever()
        finally:
            self._close_listeners()
            self.desk.close()
            loop.close()

    def stop(self) -> None:
        """Begin to stop; called in the loop."""
        if self._stopping_since is None:
            self._stopping_since = monotonic()
            self.desk.stop()
            self._accept_waiting()

    def stop_soon(self) -> None:
        """Begin to stop; may be called from any thread."""
        self.loop.call_soon_threadsafe(self.stop)

    def _accept_waiting(self) -> None:
        # Newcomers may never end: what came in the first moments was sent before anybody could know.
        if self.seconds_stopping < ACCEPT_SECONDS and any(map(_is_readable, self._listeners)):
            self.loop.call_soon(self._accept_waiting)
            return
        self._clients.hurry()
        # A connection that was just accepted needs some turns of asyncio's loop before it is one; its server must last
        # as long, and accept no more. For uvloop's there is no reader to be removed, and nothing to wait for.
        for listener in self._listeners:
            self.loop.remove_reader(listener)
        self.loop.call_later(LAST_ACCEPTED_SECONDS, self._close_listeners)

    def _close_listeners(self) -> None:
        for server in self._servers:
            server.close()
        self._is_listening = False

    def _tick(self) -> None:
        try:
            self.desk.tick()
        except Exception:
            log.exception("a client's time could not be looked at")
        if self._stopping_since is None:
            if self._must_stop():
                self.stop()
            self.loop.call_later(TICK_SECONDS, self._tick)
        elif self._is_listening or self._is_anybody_served():
            self.loop.call_later(STOPPING_TICK_SECONDS, self._tick)
        else:
            # One more turn, in which what was closed is let go.
            self.loop.call_soon(self.loop.stop)

    def _is_anybody_served(self) -> bool:
        return len(self._clients) > 0 and self.seconds_stopping < self._limits.requests_seconds_at_stop

    @property
    def seconds_stopping(self) -> float:
        """How long ago it began to stop."""
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
