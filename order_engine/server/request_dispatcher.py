"""Runs the app for each request, and sends its response when that may be sent.

The app runs in the loop, without a change of thread. A response that depends on a command that is not durable yet is
parked. A request that reads the database goes on in a pool of threads.
"""

import logging
import sys
from asyncio import AbstractEventLoop
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from io import BytesIO
from time import monotonic
from typing import Any, NamedTuple
from wsgiref.types import StartResponse

from gunicorn import SERVER_SOFTWARE

from order_engine.api.plumbing.parking import CAN_CONTINUE, CONTINUATION, SEQUENCE, Continuation
from order_engine.api.plumbing.problems import Problem
from order_engine.api.plumbing.request_ids import RequestIds
from order_engine.api.plumbing.upgrades import CAN_UPGRADE, UPGRADE, Upgrade
from order_engine.server.compression import LONG_BYTES, wants_gzip
from order_engine.server.connection import Connection
from order_engine.server.continuation_pool import ContinuationPool, DatabaseBusy, WaitingContinuations
from order_engine.server.order_sockets import OrderSockets
from order_engine.server.parked_responses import ParkedResponses
from order_engine.server.probes import Probes
from order_engine.server.read_pace import ReadPace
from order_engine.server.refusal_log import RefusalLog
from order_engine.server.request_head import HeaderNames
from order_engine.server.response_bytes import HttpResponse, ResponseWriter, WsgiCaller, problem_response
from order_engine.server.served_venue import Environ, Served, ServedVenue
from order_engine.server.upgrades import Upgrades
from order_engine.server.waiting_clients import WaitingClients

log = logging.getLogger(__name__)

# How long pipelined requests are served before the loop looks at the other connections.
TURN_SECONDS = 0.002
# A request with a larger body may take long: one in each turn of the loop, so that small ones wait for one at most.
SMALL_BODY_BYTES = 1 << 14
# It starts, within a bounded time, once the responses to those before it are sent: they would wait for it too.
LOOKS_BEFORE_LARGE = 10
LOOK_SECONDS = 0.001
_NO_BODY = BytesIO()
_RECEIVED_AT = "order_engine.received_at"
_UNKNOWN = "The command may have been carried out. Retry with the same Idempotency-Key after the restart."


class Logged(NamedTuple):
    """A response in the form that gunicorn's access log takes."""

    status: str
    headers: list[tuple[str, str]]
    sent: int


class RequestDispatcher:
    """What the connections of one loop share. Methods are called in the loop."""

    def __init__(
        self, venue: ServedVenue, loop: AbstractEventLoop, clients: WaitingClients, address: tuple[str, int]
    ) -> None:
        self.clients = clients
        self.names = HeaderNames()
        self.statuses: Counter[str] = Counter()
        self.is_stopping = False
        self._pipelined: deque[Served] = deque()
        self._large: deque[tuple[Connection, Environ]] = deque()
        self._looks = 0
        self.access_log: Any = None  # gunicorn's, which has no types
        self._loop = loop
        self._venue = venue
        self._app = venue.app
        self._template = _template(address)
        self._caller = WsgiCaller()
        self._writer = ResponseWriter()
        self._request_ids = RequestIds()
        self._refusals = RefusalLog()
        self._probes = Probes(venue)
        self._parked = ParkedResponses(lambda: venue.exchange.visible_sequence, self._outcome_unknown)
        self._served = 0
        self._pool = ContinuationPool(self._call_in_loop, ReadPace(lambda: self._served))
        self._waiting = WaitingContinuations(venue.progress)
        self._order_sockets = OrderSockets(venue, clients, self._parked, self.serve_later)
        self._upgrades = Upgrades(venue, self._order_sockets)
        self._is_release_due = self._is_look_due = self._is_turn_due = False
        venue.on_commit(self._on_commit)
        venue.progress.on_change(self._on_progress)

    def template_for(self, peer: tuple[Any, ...] | str | None) -> Environ:  # Any: as sockets have it
        """Return the part of the environ that all requests of a connection have in common."""
        if isinstance(peer, tuple):
            return self._template | {"REMOTE_ADDR": peer[0], "REMOTE_PORT": str(peer[1])}
        return self._template | {"REMOTE_ADDR": "", "REMOTE_PORT": ""}

    def dispatch(self, connection: Connection, environ: Environ) -> None:
        """Run a request; its response is sent now or later."""
        if self.access_log is not None:
            environ[_RECEIVED_AT] = monotonic()
        if self._probes.is_probe(environ):
            connection.send(environ, self._probes.respond(environ, self._request_ids.of(environ)))
            return
        size = int(environ.get("CONTENT_LENGTH") or 0)
        if size > SMALL_BODY_BYTES:
            self._let_wait(connection, environ, size)
        else:
            self._run(connection, environ)

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Call a function in the next turn of the loop."""
        self._loop.call_soon(callback)

    def serve_later(self, connection: Served) -> None:
        """Serve a pipelined request after the other connections had their turn."""
        self._pipelined.append(connection)
        self._serve_pipelined_soon()

    def bytes_of(self, environ: Environ, response: HttpResponse, *, keep: bool) -> bytes:
        """Write a response."""
        try:
            return self._writer.bytes_of(response, environ["REQUEST_METHOD"], keep=keep)
        except ValueError as error:
            return self._writer.bytes_of(self._internal_error(environ, error), environ["REQUEST_METHOD"], keep=keep)

    def count_and_log(self, environ: Environ, response: HttpResponse) -> None:
        """Count and log a response that is sent."""
        self.statuses[response.status] += 1
        if self.access_log is not None:
            headers = [(name[5:].replace("_", "-"), text) for name, text in environ.items() if name[:5] == "HTTP_"]
            taken = timedelta(seconds=monotonic() - environ[_RECEIVED_AT])
            self.access_log.access(
                Logged(response.status, response.headers, len(response.body)), headers, environ, taken
            )

    def refusal(self, problem: Problem, peer: object) -> bytes:
        """Write the response to a request that could not be read."""
        self._refusals.note(peer, problem)
        response = problem_response(problem, self._request_ids.of({}))
        self.statuses[response.status] += 1
        return self._writer.bytes_of(response, "", keep=False)

    def tick(self) -> None:
        """Do the work that is due several times a second."""
        self._writer.tick()
        self._refusals.tick()
        self.clients.close_overdue()
        self._waiting.look()
        self._order_sockets.tick()

    def stop(self) -> None:
        """Close each connection after its next response."""
        self.is_stopping = self._probes.is_stopping = True
        self._order_sockets.stop()

    def close(self) -> None:
        """End the threads."""
        self._pool.close()

    def _run(self, connection: Connection, environ: Environ) -> None:
        try:
            response = self._caller.call(self._app, environ)
        except Exception as error:  # noqa: BLE001 -- an error in one request must not end the loop
            response = self._internal_error(environ, error)
        # The body was read: it must not stay in memory while the response waits.
        environ["wsgi.input"] = _NO_BODY
        if UPGRADE in environ:
            self._upgrade(connection, environ, environ.pop(UPGRADE))
            return
        if CONTINUATION in environ:
            self._continue(connection, environ, environ.pop(CONTINUATION))
            return
        self._served += 1
        if len(response.body) >= LONG_BYTES and wants_gzip(environ, response):
            self._compress(connection, environ, response)
            return
        sequence = environ.get(SEQUENCE)
        if sequence is None:
            connection.send(environ, response)
        else:
            self._parked.send_or_park(sequence, connection, environ, response)

    def _let_wait(self, connection: Connection, environ: Environ, size: int) -> None:
        connection.count_parked(size)
        self._large.append((connection, environ))
        if len(self._large) == 1:
            self._loop.call_soon(self._run_large)

    def _run_large(self) -> None:
        if len(self._parked) and self._looks < LOOKS_BEFORE_LARGE:
            self._looks += 1
            self._loop.call_later(LOOK_SECONDS, self._run_large)
            return
        self._looks = 0
        connection, environ = self._large[0]
        try:
            if not connection.is_closed:
                connection.count_parked(0)
                self._run(connection, environ)
        finally:
            self._large.popleft()
            if self._large:
                self._loop.call_soon(self._run_large)

    def _serve_pipelined_soon(self) -> None:
        if self._pipelined and not self._is_turn_due:
            self._is_turn_due = True
            self._loop.call_soon(self._serve_pipelined)

    def _serve_pipelined(self) -> None:
        self._is_turn_due = False
        until = monotonic() + TURN_SECONDS
        try:
            while self._pipelined and monotonic() < until:
                self._pipelined.popleft().serve()
        finally:
            self._serve_pipelined_soon()

    def _upgrade(self, connection: Connection, environ: Environ, upgrade: Upgrade) -> None:
        problem = self._upgrades.carry_out(connection, upgrade)
        if problem is None:
            self.count_and_log(environ, HttpResponse("101 Switching Protocols", [], b""))
        else:
            connection.send(environ, self._problem(environ, problem))

    def _continue(self, connection: Connection, environ: Environ, continuation: Continuation) -> None:
        start = partial(self._read, connection, environ, continuation)
        try:
            self._waiting.start_when_shown(continuation, start)
        except DatabaseBusy as busy:
            self._respond_busy(connection, environ, busy)

    def _read(self, connection: Connection, environ: Environ, continuation: Continuation) -> None:
        if connection.is_closed:
            return
        try:
            self._pool.submit(environ, continuation, partial(self._finish, connection))
        except DatabaseBusy as busy:
            self._respond_busy(connection, environ, busy)

    def _compress(self, connection: Connection, environ: Environ, response: HttpResponse) -> None:
        """Send a finished response by way of the pool, which compresses it; if the pool is busy, as it is."""
        finish = partial(self._finish, connection)
        try:
            self._pool.submit(environ, Continuation(partial(_respond_with, response), 0, 0.0), finish)
        except DatabaseBusy:
            finish(environ, response)

    def _finish(self, connection: Connection, environ: Environ, outcome: HttpResponse | Exception) -> None:
        response = self._internal_error(environ, outcome) if isinstance(outcome, Exception) else outcome
        self._parked.send_or_park(environ.get(SEQUENCE, 0), connection, environ, response)

    def _respond_busy(self, connection: Connection, environ: Environ, busy: DatabaseBusy) -> None:
        connection.send(environ, self._problem(environ, Problem("database_busy", str(busy), status=503)))

    def _internal_error(self, environ: Environ, error: Exception) -> HttpResponse:
        request_id = self._request_ids.of(environ)
        log.error("request %s failed", request_id, exc_info=error)
        return problem_response(Problem("internal_error", "It was logged under the id of this request."), request_id)

    def _outcome_unknown(self, environ: Environ) -> HttpResponse:
        return self._problem(environ, Problem("outcome_unknown", _UNKNOWN, status=503))

    def _problem(self, environ: Environ, problem: Problem) -> HttpResponse:
        return problem_response(problem, self._request_ids.of(environ))

    # From any thread:

    def _on_commit(self) -> None:
        if not self._is_release_due:
            self._is_release_due = True
            self._call_in_loop(self._release)

    def _on_progress(self) -> None:
        if not self._is_look_due:
            self._is_look_due = True
            self._call_in_loop(self._look)

    def _call_in_loop(self, callback: Callable[[], object]) -> None:
        # After the loop has ended no connection is left.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback)

    # In the loop again:

    def _release(self) -> None:
        self._is_release_due = False
        self._parked.release()
        if self._venue.journal_failed:
            self._parked.fail()
        self._order_sockets.release()

    def _look(self) -> None:
        self._is_look_due = False
        self._waiting.look()


def _respond_with(response: HttpResponse, start_response: StartResponse) -> tuple[bytes]:
    start_response(response.status, response.headers)
    return (response.body,)


def _template(address: tuple[str, int]) -> Environ:
    return {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "SERVER_SOFTWARE": SERVER_SOFTWARE,
        "SERVER_NAME": address[0],
        "SERVER_PORT": str(address[1]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SCRIPT_NAME": "",
        "PATH_INFO": "",
        "QUERY_STRING": "",
        CAN_CONTINUE: True,
        CAN_UPGRADE: True,
    }
