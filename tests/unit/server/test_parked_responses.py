"""Responses are sent only once their sequence is visible; after a failure they become problem documents."""

from collections.abc import Iterable

from order_engine.api.plumbing.parking import SEQUENCE
from order_engine.server.served_venue import Environ, StartResponse
from tests.unit.server.stub_venue import echo, get, serving


def test_answers_leave_with_the_commit_that_they_wait_for() -> None:
    with serving(echo) as served:
        early, late, free = served.client(), served.client(), served.client()
        early.send(get("/early?3"))
        late.send(get("/late?4"))
        free.send(get("/free?0"))

        free.receive(b"GET /free .")
        assert early.has_nothing()
        served.venue.commit(3)
        early.receive(b"GET /early .")
        assert late.has_nothing()
        served.venue.commit(9)
        late.receive(b"GET /late .")


def test_retry_of_an_earlier_command_leaves_with_the_commit_at_the_latest() -> None:
    with serving(echo) as served:
        first, retry = served.client(), served.client()
        first.send(get("/first?8"))
        retry.send(get("/retry?7"))
        assert retry.has_nothing()

        served.venue.commit(8)

        first.receive(b"GET /first .")
        retry.receive(b"GET /retry .")


def test_what_became_visible_without_a_commit_is_sent_at_once() -> None:
    with serving(echo) as served:
        client = served.client()
        served.venue.exchange.visible_sequence = 1_000

        client.send(get("/recovered?1000"))

        client.receive(b"GET /recovered .")


def test_failed_journal_leaves_visible_answers_and_makes_the_others_unknown() -> None:
    with serving(echo) as served:
        visible, lost, later = served.client(), served.client(), served.client()
        visible.send(get("/visible?1"))
        lost.send(get("/lost?2", "X-Request-ID: mine"))
        assert lost.has_nothing()
        served.venue.exchange.visible_sequence = 1

        served.venue.fail()

        visible.receive(b"GET /visible .")
        received = lost.receive(b"}")
        assert received.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b'"code": "outcome_unknown"' in received
        assert b"\r\nRetry-After: 1\r\n" in received
        later.send(get("/later?3"))
        assert b'"code": "outcome_unknown"' in later.receive(b"}")


def test_answer_of_an_app_that_failed_after_a_command_waits_as_well() -> None:
    def app(environ: Environ, _: StartResponse) -> Iterable[bytes]:
        environ[SEQUENCE] = 1
        raise ZeroDivisionError

    with serving(app) as served:
        client = served.client()
        client.send(get("/"))

        assert client.has_nothing()
        served.venue.commit(1)
        assert client.receive(b"}").startswith(b"HTTP/1.1 500 ")


def test_statuses_are_counted_when_answers_are_sent() -> None:
    with serving(echo) as served:
        client, other = served.client(), served.client()
        client.send(get("/?1"))
        other.send(get("/"))
        other.receive(b".")

        assert served.loop.dispatcher.statuses == {"200 OK": 1}
        served.venue.commit(1)
        client.receive(b".")
        assert served.loop.dispatcher.statuses == {"200 OK": 2}


def test_answer_for_a_client_that_is_gone_is_dropped() -> None:
    with serving(echo) as served:
        gone, other = served.client(), served.client()
        gone.send(get("/?1"))
        gone.socket.close()
        other.send(get("/?1"))
        assert other.has_nothing()

        served.venue.commit(1)

        other.receive(b".")
