"""Large requests leave the loop to the small ones as often as they can."""

import pytest

from order_engine.server import request_dispatcher
from order_engine.server.connection import Connection
from tests.unit.server.stub_venue import LoopHolder, echo, get, serving

READ_BYTES_MAX = 256 << 10  # of either loop, at a time
pytestmark = pytest.mark.usefixtures("loop_of_choice")


def test_small_request_waits_for_none_of_the_large_ones_that_came_before_it() -> None:
    app = LoopHolder()
    with serving(app) as served:
        first, *others, small = (served.client() for _ in range(6))
        for client in (first, *others, small):
            client.send(get("/hello"))
            client.receive(b"GET /hello .")
        first.send(get("/held"))
        assert app.holds.wait(10)
        for client in others:
            client.send(b"POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20_000)
        small.send(get("/small"))
        app.may_go_on.set()

        small.receive(b"GET /small .")
        for client in others:
            client.receive(b"x.")
    assert app.served_paths[6:] == ["/held", "/small", *["/large"] * 4]


@pytest.mark.parametrize(("looks", "waits"), [(10**9, True), (0, False)])
def test_large_request_waits_a_bounded_time_for_the_responses_before_it(
    looks: int, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_dispatcher, "LOOKS_BEFORE_LARGE", looks)
    with serving(echo) as served:
        small, large = served.client(), served.client()
        small.send(get("/small?7"))
        assert small.has_nothing()

        large.send(b"POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20_000)

        assert large.has_nothing() == waits
        served.venue.commit(7)
        small.receive(b"GET /small .")
        large.receive(b"x.")


def test_large_body_is_read_in_many_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[Connection] = []
    read_on = Connection._read_on
    monkeypatch.setattr(Connection, "_read_on", lambda connection: (turns.append(connection), read_on(connection)))
    with serving(echo) as served:
        client = served.client()

        client.send(b"POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n" + b"x" * 7_999_999 + b"y")

        client.receive(b"xy.")
    assert len(turns) > 8_000_000 / READ_BYTES_MAX - 2
