"""What becomes of a request: who answers it, where, and when the answer may leave.

The app runs in the loop, without a change of thread. An answer that depends on what is not durable yet is parked. What
must read the database goes on in a pool of threads.
"""

import logging
import sys
from asyncio import AbstractEventLoop
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Any, NamedTuple

from gunicorn import SERVER_SOFTWARE

from order_engine.api.plumbing.parking import CAN_CONTINUE, CONTINUATION, SEQUENCE, Continuation
from order_engine.api.plumbing.problems import Problem
from order_engine.server.answer_bytes import Answer, AnswerWriter, Collector, method_of, problem_answer
from order_engine.server.connection import Connection
from order_engine.server.database_reads import AwaitedReads, DatabaseBusy, DatabaseReads
from order_engine.server.parked_answers import ParkedAnswers
from order_engine.server.probes import Probes
from order_engine.server.request_head import HeaderNames
from order_engine.server.request_names import RequestNames
from order_engine.server.venue_ports import Environ, ServedVenue
from order_engine.server.waiting_clients import WaitingClients

log = logging.getLogger(__name__)

# How long requests that were sent before their client had its last answer are served, until the loop looks around.
TURN_SECONDS = 0.002
_RECEIVED_AT = "order_engine.received_at"
_UNKNOWN = "The command may have been carried out. Retry with the same Idempotency-Key after the restart."


class Logged(NamedTuple):
    """An answer and its request, as gunicorn's access log wants them."""

    status: str
    headers: list[tuple[str, str]]
    sent: int


class RequestDesk:
    """Everything that the connections of one loop share. Methods are called in the loop."""

    def __init__(
        self, venue: ServedVenue, loop: AbstractEventLoop, clients: WaitingClients, address: tuple[str, int]
    ) -> None:
        self.clients = clients
        self.names = HeaderNames()
        self.statuses: Counter[str] = Counter()
        self.is_stopping = False
        self._behind: deque[Connection] = deque()
        self.access_log: Any = None  # gunicorn's, which has no types
        self._loop = loop
        self._venue = venue
        self._app = venue.app
        self._template = _template(address)
        self._collector = Collector()
        self._writer = AnswerWriter()
        self._request_names = RequestNames()
        self._probes = Probes(venue)
        self._parked = ParkedAnswers(lambda: venue.exchange.visible_sequence, self._outcome_unknown)
        self._reads = DatabaseReads(self._call_in_loop)
        self._awaited = AwaitedReads(venue.progress)
        self._is_release_due = self._is_look_due = self._is_turn_due = False
        venue.on_commit(self._on_commit)
        venue.progress.on_change(self._on_progress)

    def template_for(self, peer: tuple[Any, ...] | str | None) -> Environ:  # Any: as sockets have it
        """Give what the environs of a connection have in common."""
        if isinstance(peer, tuple):
            return self._template | {"REMOTE_ADDR": peer[0], "REMOTE_PORT": str(peer[1])}
        return self._template | {"REMOTE_ADDR": "", "REMOTE_PORT": ""}

    def answer(self, connection: Connection, environ: Environ) -> None:
        """Answer a request, now or later."""
        if self.access_log is not None:
            environ[_RECEIVED_AT] = monotonic()
        if self._probes.is_probe(environ):
            connection.send(environ, self._probes.answer(environ, self._request_names.of(environ)))
            return
        try:
            answer = self._collector.collect(self._app, environ)
        except Exception as error:  # noqa: BLE001 -- the loop outlives whatever is wrong with one request
            answer = self._mistake(environ, error)
        if CONTINUATION in environ:
            self._continue(connection, environ, environ.pop(CONTINUATION))
            return
        sequence = environ.get(SEQUENCE)
        if sequence is None:
            connection.send(environ, answer)
        else:
            self._parked.send_or_park(sequence, connection, environ, answer)

    def serve_later(self, connection: Connection) -> None:
        """Serve a request that stood behind another one of its client, after those of others that have come."""
        self._behind.append(connection)
        self._have_turn_soon()

    def bytes_of(self, environ: Environ, answer: Answer, *, keep: bool) -> bytes:
        """Write an answer."""
        try:
            return self._writer.bytes_of(answer, method_of(environ), keep=keep)
        except ValueError as error:
            return self._writer.bytes_of(self._mistake(environ, error), method_of(environ), keep=keep)

    def note_sent(self, environ: Environ, answer: Answer) -> None:
        """Count and log an answer that has left."""
        self.statuses[answer.status] += 1
        if self.access_log is not None:
            headers = [(name[5:].replace("_", "-"), text) for name, text in environ.items() if name[:5] == "HTTP_"]
            taken = timedelta(seconds=monotonic() - environ[_RECEIVED_AT])
            self.access_log.access(Logged(answer.status, answer.headers, len(answer.body)), headers, environ, taken)

    def refusal(self, problem: Problem, peer: object) -> bytes:
        """Write the answer to what is no request that the app could see."""
        log.warning("refused a request of %s: %s", peer, problem)
        answer = problem_answer(problem, self._request_names.of(None))
        self.statuses[answer.status] += 1
        return self._writer.bytes_of(answer, "", keep=False)

    def tick(self) -> None:
        """Do what is due now and then."""
        self._writer.tick()
        self.clients.sweep()
        self._awaited.look()

    def stop(self) -> None:
        """Say to everybody that this is the last request on this connection."""
        self.is_stopping = self._probes.is_stopping = True

    def close(self) -> None:
        """End the threads."""
        self._reads.close()

    def _have_turn_soon(self) -> None:
        if self._behind and not self._is_turn_due:
            self._is_turn_due = True
            self._loop.call_soon(self._serve_behind)

    def _serve_behind(self) -> None:
        self._is_turn_due = False
        until = monotonic() + TURN_SECONDS
        try:
            while self._behind and monotonic() < until:
                self._behind.popleft().serve()
        finally:
            self._have_turn_soon()

    def _continue(self, connection: Connection, environ: Environ, continuation: Continuation) -> None:
        start = partial(self._read, connection, environ, continuation)
        try:
            self._awaited.start_when_shown(continuation, start)
        except DatabaseBusy as busy:
            self._answer_busy(connection, environ, busy)

    def _read(self, connection: Connection, environ: Environ, continuation: Continuation) -> None:
        if connection.is_closed:
            return
        try:
            self._reads.submit(environ, continuation, partial(self._finish, connection))
        except DatabaseBusy as busy:
            self._answer_busy(connection, environ, busy)

    def _finish(self, connection: Connection, environ: Environ, outcome: Answer | Exception) -> None:
        answer = self._mistake(environ, outcome) if isinstance(outcome, Exception) else outcome
        self._parked.send_or_park(environ.get(SEQUENCE, 0), connection, environ, answer)

    def _answer_busy(self, connection: Connection, environ: Environ, busy: DatabaseBusy) -> None:
        connection.send(environ, self._problem(environ, Problem("database_busy", str(busy), status=503)))

    def _mistake(self, environ: Environ, error: Exception) -> Answer:
        request_id = self._request_names.of(environ)
        log.error("request %s failed", request_id, exc_info=error)
        return problem_answer(Problem("internal_error", "It was logged under the id of this request."), request_id)

    def _outcome_unknown(self, environ: Environ) -> Answer:
        return self._problem(environ, Problem("outcome_unknown", _UNKNOWN, status=503))

    def _problem(self, environ: Environ, problem: Problem) -> Answer:
        return problem_answer(problem, self._request_names.of(environ))

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
        # Once the loop has ended there is nobody left to answer.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback)

    # In the loop again:

    def _release(self) -> None:
        self._is_release_due = False
        self._parked.release()
        if self._venue.journal_failed:
            self._parked.fail()

    def _look(self) -> None:
        self._is_look_due = False
        self._awaited.look()


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
    }
