"""A gunicorn worker whose threads wait for the disk, never for a client, and stay with one that is quick.

Gunicorn's own gives a thread to a connection on which anything has come: as many clients as there are threads, each a
byte a second, and nobody else is served. Here a thread gets a whole request and is rid of its answer at once; whatever
waits for a client waits in the poller, for a limited time, and the longest waiting goes first when room is short.

Gunicorn also hands a connection back to its main thread after each request, and gets it again for the next: two
changes of thread, which cost about as much as placing the order. A client that sends one request after another finds
its thread waiting instead, for a moment, as long as nobody else needs the thread.
"""

from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial
from select import POLLIN, poll
from selectors import EVENT_READ, EVENT_WRITE
from socket import socket
from time import monotonic
from typing import Any

from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import ThreadWorker

from order_engine.api.plumbing.problems import Problem
from order_engine.server.client_connection import ClientConnection, ClientSocket, Stage

STAY_MS = 50
LEAVE_SECONDS = 2.0
SWEEP_SECONDS = 0.5
HELD_BYTES_MAX = 64 << 20
_CODES: Mapping[type[Exception], str] = {
    LimitRequestLine: "target_too_long",
    ExpectationFailed: "unknown_expectation",
    LimitRequestHeaders: "head_too_large",
    UnsupportedTransferCoding: "unknown_transfer_coding",
}


class StayingWorker(ThreadWorker):  # type: ignore[misc] # gunicorn ships no types
    """Serves as ``gthread`` does, with fewer changes of thread, and whatever its clients do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: what gunicorn passes on
        super().__init__(*args, **kwargs)
        # The longest waiting is first; with its stage and until when it may wait.
        self._waiting: dict[ClientConnection, tuple[Stage, float]] = {}
        self._held_bytes = 0
        self._next_sweep = 0.0

    # In a thread of the pool:

    def handle(self, conn: ClientConnection) -> None:
        """Answer a request that is whole, and those that follow it closely."""
        is_whole = True
        while is_whole:
            conn.answered(is_kept=super().handle(conn) is True)
            is_whole = self._may_stay(conn) and conn.advance() is Stage.WHOLE

    def _may_stay(self, conn: ClientConnection) -> bool:
        # What waits in the pool's queue needs a thread, perhaps this one.
        nobody_waits: bool = self.tpool._work_queue.empty()
        return conn.stage is Stage.IDLE and self.alive and nobody_waits and _is_readable_within(conn.sock, STAY_MS)

    def _keepalive_after(self, conn: ClientConnection, keepalive: bool) -> bool:
        # Gunicorn reads only so much of a body that nobody wanted, for it might have to wait; here it has come already.
        return keepalive and bool(conn.parser.finish_body())

    def handle_error(self, req: object, client: ClientSocket, addr: object, exc: Exception) -> None:
        """Answer what gunicorn's parser refuses as everything else is refused, and not in HTML."""
        if req is None and isinstance(exc, ParseException):
            self.log.warning("refused a request of %s: %s", addr, exc)
            client.send_last(Problem(_CODES.get(type(exc), "malformed_request"), f"{exc}."))
        else:
            self.log.error("a request of %s failed", addr, exc_info=exc)
            client.send_last(Problem("internal_error", "It was logged."))

    # In the main thread:

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take connections or not; a worker that stops takes those that wait already, whose requests may be sent."""
        if not enabled and not self.alive:
            for listener in self.sockets:
                self._accept_waiting(listener)
        super().set_accept_enabled(enabled)

    def _accept_waiting(self, listener: socket) -> None:
        for _ in range(self.worker_connections - self.nr_conns):
            if not _is_readable_within(listener, 0):
                return
            self.accept(listener)

    def accept(self, listener: socket) -> None:
        """Take a connection, and what has come on it already."""
        try:
            accepted, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            # No room for it in the system: the listener would ask again and again until there is.
            self.log.error("a connection cannot be taken: %s", error)
            self._give_up_longest_waiting()
            return
        self.nr_conns += 1
        conn = ClientConnection(self.cfg, ClientSocket(accepted), address, listener.getsockname())
        conn.advance()
        self._go_on(conn)

    def finish_request(self, conn: ClientConnection, fs: "Future[None]") -> None:
        """Go on with a connection that a thread is done with."""
        error = None if fs.cancelled() else fs.exception()
        if error is not None:
            self.log.error("a connection is closed that could not be served", exc_info=error)
        if fs.cancelled() or error is not None:
            self._close(conn)
        else:
            self._go_on(conn)

    def murder_pending(self) -> None:
        """Close what has waited too long, and the longest waiting as long as there are too many or too much is held."""
        while self._waiting and self.nr_conns >= self.worker_connections:
            self._give_up_longest_waiting()
        while self._held_bytes > HELD_BYTES_MAX and any(conn.counted_bytes for conn in self._waiting):
            self._give_up_longest_waiting(holding_bytes=True)
        now = monotonic()
        if now >= self._next_sweep:
            self._next_sweep = now + SWEEP_SECONDS
            for conn in [conn for conn, (_, deadline) in self._waiting.items() if deadline <= now]:
                self._stop_waiting(conn)
                conn.give_up()
                self._go_on(conn)

    def _give_up_longest_waiting(self, *, holding_bytes: bool = False) -> None:
        for conn in self._waiting:
            if conn.counted_bytes or not holding_bytes:
                self._stop_waiting(conn)
                self._close(conn)
                return

    def _cap_keepalive(self, deadline: float) -> None:
        # Gunicorn calls it when it begins to stop.
        self._waiting = {conn: (stage, min(until, deadline)) for conn, (stage, until) in self._waiting.items()}

    def _go_on(self, conn: ClientConnection) -> None:
        if conn.stage is Stage.LEAVING:
            conn.say_goodbye()
        self._count_held(conn)
        match conn.stage:
            case Stage.WHOLE:
                self.enqueue_req(conn)
            case Stage.GONE:
                self._close(conn)
            case stage:
                self._wait(conn, stage)

    def _wait(self, conn: ClientConnection, stage: Stage) -> None:
        seconds = self.cfg.keepalive if self.alive and stage is not Stage.LEAVING else LEAVE_SECONDS
        self._waiting[conn] = (stage, monotonic() + seconds)
        events = EVENT_WRITE if stage is Stage.TAKING else EVENT_READ
        self.poller.register(conn.sock, events, partial(self._on_ready, conn))

    def _on_ready(self, conn: ClientConnection, _: socket) -> None:
        conn.advance()
        stage, _deadline = self._waiting[conn]
        if conn.stage is stage:
            self._count_held(conn)
        else:
            self._stop_waiting(conn)
            self._go_on(conn)

    def _stop_waiting(self, conn: ClientConnection) -> None:
        del self._waiting[conn]
        self.poller.unregister(conn.sock)

    def _close(self, conn: ClientConnection) -> None:
        self._held_bytes -= conn.counted_bytes
        self.nr_conns -= 1
        conn.close()

    def _count_held(self, conn: ClientConnection) -> None:
        self._held_bytes += conn.held_bytes - conn.counted_bytes
        conn.counted_bytes = conn.held_bytes


def _is_readable_within(connection: socket, milliseconds: int) -> bool:
    poller = poll()
    poller.register(connection, POLLIN)
    return bool(poller.poll(milliseconds))
