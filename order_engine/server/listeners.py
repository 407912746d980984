"""Accepts connections from listening sockets, many in one turn of the loop.

uvloop's own server accepts one connection in each turn. A turn serves every client that has sent a request, so on a
busy server a thousand new clients would wait for many seconds.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from socket import AF_INET, AF_INET6, IPPROTO_TCP, SO_SNDBUF, SOL_SOCKET, TCP_NODELAY, socket

log = logging.getLogger(__name__)

# Accepting one takes about 0.1 ms, serving its request twice that: few a turn would let the last wait for many turns.
ACCEPTED_AT_ONCE_MAX = 256
SEND_BUFFER_BYTES = 1 << 17
# How long no connection is accepted after the system refused one, for want of files or memory.
PAUSE_SECONDS = 0.5


class Listeners:
    """The listening sockets of one loop. Methods are called in the loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sockets: Sequence[socket], new_connection: Callable[[], asyncio.Protocol]
    ) -> None:
        self._loop = loop
        self._sockets = sockets
        self._new_connection = new_connection
        self._being_set_up: set[asyncio.Task[object]] = set()
        self._is_open = False

    @property
    def are_done(self) -> bool:
        """Whether they are closed and every accepted connection is set up."""
        return not self._is_open and not self._being_set_up

    def open(self, backlog: int) -> None:
        """Begin to listen and to accept."""
        self._is_open = True
        for listener in self._sockets:
            listener.setblocking(False)
            # Connections inherit it. By default the system keeps megabytes for each client that does not read.
            listener.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES)
            listener.listen(backlog)
            self._watch(listener)

    def accept_waiting(self) -> bool:
        """Accept connections that wait; return whether there may be more."""
        return any(self._accept(listener) for listener in self._sockets)

    def close(self) -> None:
        """Accept no more."""
        if self._is_open:
            self._is_open = False
            for listener in self._sockets:
                self._loop.remove_reader(listener)
                listener.close()

    def _watch(self, listener: socket) -> None:
        if self._is_open:
            self._loop.add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket) -> bool:
        for _ in range(ACCEPTED_AT_ONCE_MAX):
            try:
                accepted, _ = listener.accept()
            except (BlockingIOError, ConnectionAbortedError, InterruptedError):
                return False
            except OSError as error:
                log.error("no connection is accepted for %g s: %s", PAUSE_SECONDS, error)
                self._loop.remove_reader(listener)
                self._loop.call_later(PAUSE_SECONDS, self._watch, listener)
                return False
            self._set_up(accepted)
        return True

    def _set_up(self, accepted: socket) -> None:
        accepted.setblocking(False)
        if accepted.family in (AF_INET, AF_INET6):
            accepted.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        task = self._loop.create_task(self._connect(accepted))
        self._being_set_up.add(task)
        task.add_done_callback(partial(self._set_up_done, accepted))

    async def _connect(self, accepted: socket) -> object:
        return await self._loop.connect_accepted_socket(self._new_connection, accepted)

    def _set_up_done(self, accepted: socket, task: "asyncio.Task[object]") -> None:
        self._being_set_up.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # The client may be gone already.
            log.debug("a connection could not be set up: %s", task.exception())
            accepted.close()
