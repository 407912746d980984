"""A venue that a test controls, served by the real loop on a real socket."""

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any, NamedTuple

from order_engine.api.plumbing.parking import SEQUENCE
from order_engine.exchange.phase import Phase
from order_engine.feeds.hand_over import HandOver
from order_engine.feeds.own_events import OwnEvents
from order_engine.server.served_venue import Environ, StartResponse
from order_engine.server.serving_loop import Limits, ServingLoop
from order_engine.wire.rendering import Renderer

SECONDS = 5
Callback = Callable[[], object]
App = Callable[[Environ, StartResponse], Iterable[bytes]]


class StubExchange:
    """A watermark that a test moves."""

    def __init__(self) -> None:
        self.visible_sequence = self.applied_sequence = 0
        self.phase = Phase.OPEN
        self.canceled: list[str] = []
        self.has_canceled = Event()

    def is_with_connection(self, order_id: str) -> bool:
        return True

    def cancel_disconnected(self, order_ids: list[str]) -> None:
        self.canceled += order_ids
        self.has_canceled.set()


class StubProgress:
    """A database with the sequence that a test sets."""

    def __init__(self) -> None:
        self.shown = 0
        self.wanted: list[int] = []
        self._changed: Callback = lambda: None

    def shows(self, sequence: int) -> bool:
        return sequence <= self.shown

    def want(self, sequence: int) -> None:
        self.wanted.append(sequence)

    def on_change(self, callback: Callback) -> None:
        self._changed = callback

    def show(self, sequence: int) -> None:
        self.shown = sequence
        self._changed()


class ReadSoFar(NamedTuple):
    """The progress of a start."""

    bytes_read: int = 1
    bytes_total: int = 2


class StubRecovery:
    """A start in progress."""

    progress = ReadSoFar()


class StubVenue:
    """A venue around any WSGI application."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.exchange = StubExchange()
        self.progress = StubProgress()
        self.recovery = StubRecovery()
        self.journal_failed = False
        self.order_operations: Any = SimpleNamespace(changes=0)  # Any: a test's own
        self.own_events = OwnEvents(Renderer(lambda _symbol: 0), lambda: 0)
        self._committed: Callback = lambda: None

    def hand_over(self, handed: HandOver, descriptor: int) -> bool:
        return False

    def on_commit(self, callback: Callback) -> None:
        self._committed = callback

    def commit(self, sequence: int) -> None:
        self.exchange.visible_sequence = sequence
        self._committed()

    def fail(self) -> None:
        self.journal_failed = True
        self._committed()

    def start(self) -> None: ...

    def stop_taking(self) -> None: ...

    def close(self, grace_seconds: float) -> None: ...


class Client:
    """A client's connection, with access to each byte."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def receive(self, ending: bytes) -> bytes:
        """Read until the received bytes end with these."""
        received = b""
        while not received.endswith(ending):
            more = self.socket.recv(1 << 16)
            assert more, received
            received += more
        return received

    def receive_all(self) -> bytes:
        """Read until the server closes."""
        return b"".join(iter(lambda: self.socket.recv(1 << 16), b""))

    def has_nothing(self) -> bool:
        """Return whether nothing is received for a moment."""
        self.socket.settimeout(0.2)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) == b"?"
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(SECONDS)


class Served:
    """A loop that runs in a thread, and its clients."""

    def __init__(self, venue: StubVenue, limits: Limits) -> None:
        self.venue = venue
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = listener.getsockname()[1]
        self.loop = ServingLoop(venue, [listener], limits)
        self.thread = Thread(target=self.loop.run, daemon=True)
        self._clients: list[Client] = []

    def client(self) -> Client:
        client = Client(self.port)
        self._clients.append(client)
        return client

    def end(self) -> None:
        if self.thread.is_alive():
            self.loop.stop_soon()
        for client in self._clients:
            client.socket.close()
        self.thread.join(SECONDS)
        assert not self.thread.is_alive()


@contextmanager
def serving(app: App, limits: Limits | None = None, **venue: Any) -> Iterator[Served]:  # Any: whatever a test sets
    """Serve an application, and stop everything at the end."""
    stub = StubVenue(app)
    served = Served(stub, limits or Limits(timeout_seconds=30, connections=1000))
    served.thread.start()
    try:
        yield served
    finally:
        served.end()


def echo(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Respond with path, query and body; ``?N`` makes the response depend on sequence N."""
    query = environ["QUERY_STRING"]
    if query.isdigit():
        environ[SEQUENCE] = int(query)
    body = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} ".encode() + environ["wsgi.input"].read() + b"."
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


class LoopHolder:
    """An application that echoes, keeps the paths it serves, and holds the loop at ``/held`` until it may go on."""

    def __init__(self) -> None:
        self.served_paths: list[str] = []
        self.holds = Event()
        self.may_go_on = Event()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self.served_paths.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/held":
            self.holds.set()
            assert self.may_go_on.wait(10)
        return echo(environ, start_response)


def get(target: str, *headers: str) -> bytes:
    """A request without a body."""
    lines = [f"GET {target} HTTP/1.1", "Host: x", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
