"""Accepts connections until it is told to stop, and then ends in good order.

A stop accepts the connections that wait, closes the listeners, finishes every request that was received, and gives slow
clients two seconds.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from socket import socket
from time import monotonic
from typing import Any, NamedTuple

from order_engine.feeds.event_loop import new_loop
from order_engine.server.connection import Connection
from order_engine.server.listeners import Listeners
from order_engine.server.request_dispatcher import RequestDispatcher
from order_engine.server.served_venue import ServedVenue
from order_engine.server.waiting_clients import WaitingClients

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
STOPPING_TICK_SECONDS = 0.02
ACCEPT_SECONDS = 0.5


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
        self.loop = new_loop()
        self._limits = limits
        self._must_stop = must_stop
        self._clients = WaitingClients(limits.timeout_seconds, limits.connections)
        self.dispatcher = RequestDispatcher(venue, self.loop, self._clients, listeners[0].getsockname()[:2])
        self.dispatcher.access_log = access_log
        self._listeners = Listeners(self.loop, listeners, partial(Connection, self.dispatcher))
        self._stopping_since: float | None = None

    def run(self) -> None:
        """Serve until ``stop`` is done."""
        loop = self.loop
        self._listeners.open(self._limits.backlog)
        loop.call_soon(self._tick)
        try:
            loop.run_forever()
        finally:
            self._listeners.close()
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
        if self._listeners.accept_waiting() and self.seconds_stopping < ACCEPT_SECONDS:
            self.loop.call_soon(self._accept_waiting)
            return
        self._listeners.close()
        self._clients.shorten_deadlines()

    def _tick(self) -> None:
        try:
            self.dispatcher.tick()
        except Exception:
            log.exception("the periodic work of the server failed")
        if self._stopping_since is None:
            if self._must_stop():
                self.stop()
            self.loop.call_later(TICK_SECONDS, self._tick)
        elif not self._listeners.are_done or self._is_anybody_served():
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
