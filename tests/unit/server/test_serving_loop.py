"""The loop over real sockets: responses come in the order of the requests, whatever the client does."""

import re
import socket
from collections.abc import Iterable
from datetime import timedelta
from threading import Event

import pytest

from order_engine.api.plumbing.parking import SEQUENCE
from order_engine.exchange.phase import Phase
from order_engine.server.request_dispatcher import Logged
from order_engine.server.served_venue import Environ, Headers, StartResponse
from order_engine.server.serving_loop import Limits
from tests.unit.server.stub_venue import echo, get, serving

pytestmark = pytest.mark.usefixtures("loop_of_choice")
SHORT = Limits(timeout_seconds=0.5, connections=1000)


def test_requests_sent_at_once_are_answered_one_after_the_other() -> None:
    with serving(echo) as served:
        client = served.client()

        client.send(get("/1") + get("/2?5") + get("/3"))

        assert client.receive(b"GET /1 .").count(b"HTTP/1.1 200 OK") == 1
        assert client.has_nothing()
        served.venue.commit(5)
        assert client.receive(b"GET /3 .").index(b"GET /2 .") > 0


def test_client_that_sends_many_requests_at_once_gives_the_others_their_turn() -> None:
    served_paths: list[str] = []
    turn_has_begun, other_has_asked = Event(), Event()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        served_paths.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/1":
            turn_has_begun.set()
            assert other_has_asked.wait(10)
        return echo(environ, start_response)

    with serving(app) as served:
        many, other = served.client(), served.client()
        # Both are accepted before the measurement begins.
        for client in (many, other):
            client.send(get("/hello"))
            client.receive(b"GET /hello .")
        # Many more than a fast machine serves in one turn.
        many.send(b"".join(get(f"/{number}") for number in range(1000)))
        assert turn_has_begun.wait(10)
        other.send(get("/other"))
        other_has_asked.set()

        other.receive(b"GET /other .")
        many.receive(b"GET /999 .")
    assert served_paths.index("/other") < 500


def test_request_that_comes_in_single_bytes_is_answered_like_any_other() -> None:
    request = b"POST /a%20b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nxyz"
    with serving(echo) as served:
        client = served.client()

        for byte in request * 2:
            client.send(bytes([byte]))

        assert client.receive(b"POST /a b xyz.").startswith(b"HTTP/1.1 200 OK\r\n")


def test_chunks_are_put_together_and_the_next_request_follows() -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(echo) as served:
        client = served.client()

        client.send(head + b'3 ; name="value"\r\nabc\r\n1\r\nd\r\n0;x\r\nHost: other\r\n\r\n' + get("/next"))

        assert b"POST / abcd." in client.receive(b"GET /next .")


def test_answer_to_head_has_the_length_and_no_body() -> None:
    with serving(echo) as served:
        client = served.client()

        client.send(b"HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

        received = client.receive_all()
        assert received.endswith(b"Content-Length: 9\r\n\r\n")
        assert b"\r\nConnection: close\r\n" in received


@pytest.mark.parametrize(
    ("request_bytes", "is_kept"),
    [
        (get("/"), True),
        (get("/", "Connection: close"), False),
        (get("/", "Connection: TE, close"), False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
        (get("/", "Connection: Upgrade", "Upgrade: websocket"), True),
        (b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n", False),
    ],
)
def test_connection_is_kept_as_the_client_wants_it(request_bytes: bytes, is_kept: bool) -> None:
    with serving(echo) as served:
        client = served.client()

        client.send(request_bytes)

        if is_kept:
            assert b"\r\nConnection: keep-alive\r\n" in client.receive(b".")
            client.send(get("/again", "Connection: close"))
        assert b"\r\nConnection: close\r\n" in client.receive_all()


def test_body_of_a_request_for_an_upgrade_is_its_body() -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    with serving(echo) as served:
        client = served.client()

        client.send(b"POST /up HTTP/1.1\r\nHost: x\r\n" + upgrade + b"Content-Length: 3\r\n\r\nxyz" + get("/next"))

        assert b"POST /up xyz." in client.receive(b"GET /next .")


def test_client_that_sends_no_more_still_gets_its_answers() -> None:
    with serving(echo) as served:
        client = served.client()

        client.send(get("/1") + get("/2?7") + get("/3"))
        client.socket.shutdown(socket.SHUT_WR)
        client.receive(b"GET /1 .")
        served.venue.commit(7)

        assert client.receive_all().endswith(b"GET /3 .")


def test_client_that_waits_for_leave_to_send_its_body_is_given_it() -> None:
    with serving(echo) as served:
        client = served.client()

        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")

        assert client.receive(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"{}")
        assert client.receive(b"POST / {}.").startswith(b"HTTP/1.1 200 OK\r\n")


def test_refusal_is_a_problem_document_with_a_request_id() -> None:
    with serving(echo) as served:
        client = served.client()

        client.send(b"GET / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n")

        received = client.receive_all().decode()
        assert received.startswith("HTTP/1.1 400 Bad Request\r\n")
        assert "\r\nContent-Type: application/problem+json\r\n" in received
        named = re.search(r"\r\nX-Request-ID: (\S+)\r\n", received)
        assert named is not None
        assert f'"request_id": "{named[1]}"' in received


def test_app_that_raises_costs_its_own_request_only() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/bad":
            raise ZeroDivisionError
        return echo(environ, start_response)

    with serving(app) as served:
        client = served.client()

        client.send(get("/bad") + get("/good"))

        received = client.receive(b"GET /good .")
        assert received.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
        assert b'"code": "internal_error"' in received


def test_header_of_an_answer_cannot_begin_another() -> None:
    def app(_: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("X", "a\r\nY: b")])
        return [b""]

    with serving(app) as served:
        client = served.client()

        client.send(get("/", "Connection: close"))

        received = client.receive_all()
        assert received.startswith(b"HTTP/1.1 500 ")
        assert b"\r\nY: b" not in received


def test_headers_reach_the_app_as_wsgi_names_them() -> None:
    seen: list[Environ] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ)
        return echo(environ, start_response)

    with serving(app) as served:
        client = served.client()

        client.send(
            get("//a%2Fb?c=d&e=%20", "X-Two: 1", "x-two:\t2 ", "X_Three: 3", "SCRIPT_NAME: /x", "Content-Type: t")
        )

        client.receive(b".")
    (environ,) = seen
    assert environ["PATH_INFO"] == "//a/b"
    assert environ["QUERY_STRING"] == "c=d&e=%20"
    assert environ["HTTP_X_TWO"] == "1,2"
    assert environ["CONTENT_TYPE"] == "t"
    assert "HTTP_X_THREE" not in environ
    assert environ["SCRIPT_NAME"] == ""
    assert environ["REMOTE_ADDR"] == "127.0.0.1"


def test_access_log_gets_request_and_answer_when_the_answer_has_left() -> None:
    entries: list[str] = []

    class AccessLog:
        def access(self, response: Logged, headers: Headers, environ: Environ, taken: timedelta) -> None:
            agent = dict(headers)["USER-AGENT"]
            entries.append(
                f"{environ['RAW_URI']} {agent} {response.status} {response.sent} {taken < timedelta(hours=1)}"
            )

    with serving(echo) as served:
        served.loop.dispatcher.access_log = AccessLog()
        client = served.client()
        client.send(get("/a?1", "User-Agent: me"))
        assert client.has_nothing()
        assert entries == []

        served.venue.commit(1)

        client.receive(b"GET /a .")
        assert entries == ["/a?1 me 200 OK 8 True"]


def test_idle_client_is_hung_up_on_and_slow_one_is_told_why() -> None:
    with serving(echo, SHORT) as served:
        idle, slow = served.client(), served.client()
        slow.send(b"GET / HTTP/1.1\r\nHo")

        assert idle.receive_all() == b""
        assert slow.receive_all().startswith(b"HTTP/1.1 408 ")


def test_client_that_takes_no_answer_is_hung_up_on_and_hinders_nobody() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b"x" * 10_000_000]

    with serving(app, SHORT) as served:
        slow, quick = served.client(), served.client()
        slow.send(get("/") * 100)
        quick.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")

        assert quick.receive(b'{"status":"ok"}').startswith(b"HTTP/1.1 200 OK\r\n")
        assert quick.receive_all() == b""
        assert len(slow.receive_all()) < 5 * 10_000_000


def test_longest_waiting_makes_room_for_a_newcomer() -> None:
    with serving(echo, Limits(timeout_seconds=30, connections=2)) as served:
        first, second = served.client(), served.client()
        for client in (first, second, first):
            client.send(get("/"))
            client.receive(b".")

        third = served.client()

        third.send(get("/"))
        third.receive(b".")
        first.send(get("/"))
        first.receive(b".")
        with pytest.raises((ConnectionError, AssertionError)):
            second.receive(b".")


def test_probes_wait_for_nothing_and_say_how_far_a_start_is() -> None:
    def app(_: Environ, __: StartResponse) -> Iterable[bytes]:
        raise AssertionError

    with serving(app) as served:
        client = served.client()
        served.venue.exchange.phase = Phase.STARTING

        client.send(get("/livez") + get("/api/v1/readyz"))

        received = client.receive(b"}}")
        assert b'{"status":"ok"}' in received
        assert b"\r\nRetry-After: 1\r\n" in received
        assert received.endswith(b'{"status":"starting","recovery":{"bytes_read":1,"bytes_total":2}}')


def test_stop_finishes_what_was_read_and_what_waits_to_be_accepted() -> None:
    entered, leave = Event(), Event()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/hold":
            entered.set()
            leave.wait(5)
            environ[SEQUENCE] = 1
        return echo(environ, start_response)

    with serving(app) as served:
        first = served.client()
        first.send(get("/hold"))
        assert entered.wait(5)
        second = served.client()
        second.send(get("/second"))
        served.loop.stop_soon()
        leave.set()

        assert b"\r\nConnection: close\r\n" in second.receive_all()
        assert first.has_nothing()
        served.venue.commit(1)
        assert first.receive_all().endswith(b"GET /hold .")
        served.thread.join(5)
        assert not served.thread.is_alive()
        with pytest.raises(ConnectionError):
            served.client()


def test_stop_waits_for_no_slow_client_longer_than_two_seconds() -> None:
    with serving(echo) as served:
        idle, slow = served.client(), served.client()
        slow.send(b"GET / HTTP/1.1\r\nHo")
        slow.send(b"st: x\r\n")
        served.loop.stop_soon()

        served.thread.join(2.5)

        assert not served.thread.is_alive()
        assert idle.receive_all() == b""
        assert slow.receive_all().startswith(b"HTTP/1.1 408 ")
