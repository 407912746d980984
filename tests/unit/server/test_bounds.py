"""The memory that clients can use, and the log that they can cause, are bounded."""

import gc
import logging
import weakref
from collections.abc import Iterable
from unittest.mock import patch

import pytest

from order_engine.api.plumbing.parking import SEQUENCE
from order_engine.api.plumbing.problems import Problem
from order_engine.server import refusal_log, waiting_clients
from order_engine.server.refusal_log import RefusalLog
from order_engine.server.served_venue import Environ, StartResponse
from tests.unit.server.stub_venue import Client, LoopHolder, echo, get, serving

BIG = b"x" * 1_000_000


class Tracked:
    """An object whose end can be observed."""


def test_request_of_a_closed_connection_is_freed_at_once() -> None:
    """The last body of each connection, up to 9 MiB, stayed until a garbage collection: 726 MiB after 60 requests."""
    kept: list[weakref.ref[Tracked]] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["tracked"] = tracked = Tracked()
        kept.append(weakref.ref(tracked))
        return echo(environ, start_response)

    gc.collect()
    gc.disable()
    try:
        with serving(app) as served:
            for _ in range(3):
                client = served.client()
                client.send(get("/", "Connection: close"))
                client.receive_all()
                client.socket.close()
            other = served.client()
            other.send(get("/livez") * 2)
            other.receive(b'"ok"}')
            assert [reference() for reference in kept[:2]] == [None, None]
    finally:
        gc.enable()


def test_body_is_let_go_while_the_response_waits() -> None:
    bodies: list[Environ] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        bodies.append(environ)
        return echo(environ, start_response)

    with serving(app) as served:
        client, other = served.client(), served.client()
        client.send(b"POST /?1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + BIG)
        other.send(get("/"))
        other.receive(b".")
        assert client.has_nothing()

        assert bodies[0]["wsgi.input"].read() == b""
        served.venue.commit(1)
        client.receive(b".")


def test_responses_that_wait_for_the_journal_count_and_the_one_too_many_is_dropped() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ[SEQUENCE] = 1
        start_response("200 OK", [("Content-Length", str(len(BIG)))])
        return [BIG]

    with patch.object(waiting_clients.WaitingClients.__init__, "__defaults__", (2_500_000,)), serving(app) as served:
        first, second, third = served.client(), served.client(), served.client()
        for client in (first, second):
            client.send(get("/"))
            assert client.has_nothing()

        third.send(get("/"))

        with pytest.raises((ConnectionError, AssertionError)):
            third.receive(b"x")
        served.venue.commit(1)
        for client in (first, second):
            assert len(client.receive(b"x" * 1_000)) > 1_000


def test_requests_that_wait_for_their_turn_count_and_the_one_too_many_is_dropped() -> None:
    app = LoopHolder()
    request = b"POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20_000
    with patch.object(waiting_clients.WaitingClients.__init__, "__defaults__", (50_000,)), serving(app) as served:
        held, *others = (served.client() for _ in range(4))
        for client in others:
            client.send(get("/livez"))
            client.receive(b'"ok"}')
        held.send(get("/held"))
        assert app.holds.wait(10)
        for client in others:
            client.send(request)
        app.may_go_on.set()

        held.receive(b"/held .")
        dropped = [client for client in others if not _is_served(client)]

    assert len(dropped) == 1
    assert app.served_paths == ["/held", "/large", "/large"]


def _is_served(client: Client) -> bool:
    try:
        return client.receive(b"x.") != b""
    except (AssertionError, ConnectionError):
        return False


def test_refusals_are_logged_once_a_second_with_their_number(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(refusal_log, "monotonic", lambda: now)
    refusals = RefusalLog()
    with caplog.at_level(logging.WARNING):
        for _ in range(10_000):
            refusals.note(("127.0.0.1", 1), Problem("malformed_request", "X-API-Key: secret"))
        refusals.tick()
        now = 101.0
        refusals.tick()
        refusals.tick()

    assert [record.getMessage() for record in caplog.records] == [
        "refused a request of ('127.0.0.1', 1): malformed_request",
        "refused 9999 more requests within a second",
    ]
