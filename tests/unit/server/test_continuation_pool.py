"""Reads of the database run beside the loop: even if they fail or hang, others are served."""

from collections.abc import Iterable
from threading import Event
from time import monotonic

import pytest

from order_engine.api.plumbing.parking import CAN_CONTINUE, CONTINUATION, SEQUENCE, Continuation
from order_engine.server.continuation_pool import READERS, READS_QUEUED_MAX
from order_engine.server.read_pace import ReadPace
from order_engine.server.served_venue import Environ, StartResponse
from tests.unit.exchange.exchanges import wait_until
from tests.unit.server.stub_venue import Client, Served, echo, get, serving


class ReadingApp:
    """An app whose ``/read`` continues in the pool, where it waits for ``free``."""

    def __init__(self, min_sequence: int = 0, seconds: float = 5) -> None:
        self.free = Event()
        self.begun = 0
        self._min_sequence = min_sequence
        self._seconds = seconds

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/read":
            return echo(environ, start_response)
        assert environ[CAN_CONTINUE]

        def run(start: StartResponse) -> Iterable[bytes]:
            self.begun += 1
            assert self.free.wait(5)
            return echo(environ, start)

        environ[CONTINUATION] = Continuation(run, self._min_sequence, self._seconds)
        start_response("503 Service Unavailable", [])
        return [b"a placeholder"]


def read_on(served: Served, count: int) -> list[Client]:
    clients = [served.client() for _ in range(count)]
    for client in clients:
        client.send(get("/read"))
    return clients


def test_reads_that_hang_delay_no_order_and_one_more_is_refused_at_once() -> None:
    app = ReadingApp()
    with serving(app) as served:
        hanging = read_on(served, READERS + READS_QUEUED_MAX)
        order = served.client()
        begun = monotonic()
        for _ in range(100):
            order.send(get("/order"))
            order.receive(b"GET /order .")
        assert monotonic() - begun < 1

        (one_more,) = read_on(served, 1)

        refused = one_more.receive(b"}")
        assert refused.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b'"code": "database_busy"' in refused
        wait_until(lambda: app.begun == READERS)
        app.free.set()
        for client in hanging:
            assert client.receive(b"GET /read .").startswith(b"HTTP/1.1 200 OK\r\n")
        one_more.send(get("/read"))
        one_more.receive(b"GET /read .")


def test_read_waits_without_a_thread_until_the_database_shows_its_sequence() -> None:
    app = ReadingApp(min_sequence=7)
    app.free.set()
    with serving(app) as served:
        waiting = read_on(served, READERS * 3)
        order = served.client()
        order.send(get("/order"))
        order.receive(b"GET /order .")
        assert waiting[0].has_nothing()
        assert app.begun == 0
        assert set(served.venue.progress.wanted) == {7}

        served.venue.progress.show(7)

        for client in waiting:
            client.receive(b"GET /read .")


def test_read_goes_on_when_its_time_is_over() -> None:
    app = ReadingApp(min_sequence=7, seconds=0.1)
    app.free.set()
    with serving(app) as served:
        (client,) = read_on(served, 1)

        client.receive(b"GET /read .")


def test_read_that_saw_what_is_not_durable_is_parked() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def run(start: StartResponse) -> Iterable[bytes]:
            environ[SEQUENCE] = 5
            return echo(environ, start)

        environ[CONTINUATION] = Continuation(run, 0, 1)
        return []

    with serving(app) as served:
        (client,) = read_on(served, 1)

        assert client.has_nothing()
        served.venue.commit(5)
        client.receive(b"GET /read .")


def test_read_that_fails_is_answered_and_its_thread_goes_on() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def run(start: StartResponse) -> Iterable[bytes]:
            raise ZeroDivisionError

        environ[CONTINUATION] = Continuation(run, 0, 1)
        return []

    with serving(app) as served:
        for client in read_on(served, READERS * 2):
            assert client.receive(b"}").startswith(b"HTTP/1.1 500 ")


def test_read_begins_when_the_pace_allows_it_and_is_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = Event()
    charged: list[float] = []
    counts: list[int] = []

    def await_turn(pace: ReadPace) -> float:
        counts.append(pace._count_served())
        assert allowed.wait(5)
        return 0.25

    monkeypatch.setattr(ReadPace, "await_turn", await_turn)
    monkeypatch.setattr(ReadPace, "charge", lambda _, drawn, used: charged.append(drawn - used))
    app = ReadingApp()
    app.free.set()
    with serving(app) as served:
        (reader,) = read_on(served, 1)
        order = served.client()
        order.send(get("/order"))
        order.receive(b"GET /order .")
        assert app.begun == 0

        allowed.set()

        reader.receive(b"GET /read .")
        reader.send(get("/read"))
        reader.receive(b"GET /read .")
    assert app.begun == 2
    assert all(0.2 < one <= 0.25 for one in charged)
    # Only the order counts as a request that the loop served by itself.
    assert (counts[0], counts[-1]) in {(0, 1), (1, 1)}
