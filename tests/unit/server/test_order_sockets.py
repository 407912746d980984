"""Orders over a WebSocket in the loop: answers and events wait for the disk, and no client holds more than it may."""

import json
from collections.abc import Iterable

import pytest

from order_engine.api.plumbing.callers import ANYBODY_WITHOUT_KEYS, Caller
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.upgrades import ORDERS, UPGRADE, Upgrade
from order_engine.api.resources.order_messages import Session
from order_engine.exchange.applied import Applied
from order_engine.journal.record import Record
from order_engine.matching.commands import Command
from order_engine.matching.engine import MatchingEngine
from order_engine.server.order_socket import UNANSWERED_MAX
from order_engine.server.served_venue import Environ, StartResponse
from order_engine.server.serving_loop import Limits
from tests.builders import buy
from tests.local_book import Message, messages_in
from tests.unit.feeds.fakes import frame
from tests.unit.server.stub_venue import SECONDS, Client, Served, get, serving

GREETING = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


class StubOperations:
    """Gives each message the next sequence."""

    changes = 0

    def __init__(self, served: Served) -> None:
        self._venue = served.venue

    def caller_of(self, auth: Message, address: str) -> Caller:
        return ANYBODY_WITHOUT_KEYS

    def user_of(self, caller: Caller, named: str | None) -> str | None:
        return named

    def is_current(self, caller: Caller) -> bool:
        return not self.changes

    def carry_out(self, session: Session, name: object, message: Message) -> JsonResponse:
        exchange = self._venue.exchange
        exchange.applied_sequence += 1
        return json_response({"name": name}, 201, {"X-Sequence": str(exchange.applied_sequence)})


def upgrading(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    environ[UPGRADE] = Upgrade(GREETING, ORDERS)
    start_response("503 placeholder", [])
    return []


def upgraded(served: Served, user_id: str | None = None) -> Client:
    served.loop.dispatcher._order_sockets.operations = StubOperations(served)  # type: ignore[assignment]  # a stub
    client = served.client()
    client.send(get("/ws/orders") + ask(1, "auth", user_id=user_id))
    client.receive(GREETING + message_bytes({"id": 1, "type": "ack"}) + message_bytes(caught_up(0)))
    return client


def received(client: Client, count: int) -> list[Message]:
    """Return the next messages; the last of those sent must end like an order."""
    messages: list[Message] = []
    while len(messages) < count:
        messages += messages_in(client.receive(b"}}"))
    return messages


def ask(message_id: int, op: str, **fields: object) -> bytes:
    return frame(json.dumps({"id": message_id, "op": op, **fields}).encode())


def caught_up(sequence: int) -> Message:
    return {"type": "caught_up", "sequence": sequence}


def message_bytes(message: Message) -> bytes:
    text = json.dumps(message, separators=(",", ":")).encode()
    return b"\x81" + bytes([len(text)]) + text


def ack(message_id: int, sequence: int) -> Message:
    return {"id": message_id, "type": "ack", "sequence": sequence, "order": {"name": "place"}}


def applied(sequence: int, command: Command) -> Applied:
    events = MatchingEngine().apply(command, sequence, sequence)
    return Applied(Record(sequence=sequence, timestamp_ns=sequence, commands=(command,)), [events])


def test_answers_wait_until_their_commands_are_durable() -> None:
    with serving(upgrading) as served:
        client = upgraded(served)
        client.send(ask(2, "place") + ask(3, "place"))

        assert client.has_nothing()
        served.venue.commit(1)
        assert messages_in(client.receive(b"}}")) == [ack(2, 1)]
        assert client.has_nothing()
        served.venue.commit(2)
        assert messages_in(client.receive(b"}}")) == [ack(3, 2)]


def test_messages_wait_to_be_read_while_many_answers_wait_for_the_disk() -> None:
    sent = 10 * UNANSWERED_MAX
    with serving(upgrading) as served:
        client = upgraded(served)
        client.send(b"".join(ask(number, "place") for number in range(sent)))

        assert client.has_nothing()
        assert served.venue.exchange.applied_sequence < 2 * UNANSWERED_MAX
        served.venue.commit(sent)
        answered = received(client, sent)

    assert [answer["id"] for answer in answered] == list(range(sent))


def test_orders_of_a_lost_connection_are_canceled_if_the_client_asked_for_it() -> None:
    with serving(upgrading) as served:
        client = upgraded(served)
        client.send(ask(2, "place") + ask(3, "cancel_on_disconnect", enabled=True) + ask(4, "place") + ask(5, "place"))
        client.send(ask(6, "cancel_on_disconnect", enabled=False) + ask(7, "place"))
        served.venue.commit(4)
        answers = received(client, 6)

        client.socket.close()
        assert served.venue.exchange.has_canceled.wait(SECONDS)

        assert answers[1] == {"id": 3, "type": "ack", "sequence": None, "enabled": True}
        assert served.venue.exchange.canceled == ["2", "3"]


@pytest.mark.parametrize("fields", [{}, {"enabled": 1}, {"enabled": "true"}, {"enabled": True, "more": 1}], ids=str)
def test_cancel_on_disconnect_takes_true_or_false(fields: Message) -> None:
    with serving(upgrading) as served:
        client = upgraded(served)

        client.send(ask(2, "cancel_on_disconnect", **fields))

        assert messages_in(client.receive(b"}}"))[0]["problem"]["code"] == "invalid_fields"


def test_events_of_the_user_wait_until_they_are_durable() -> None:
    with serving(upgrading) as served:
        client = upgraded(served, user_id="ann")
        served.venue.own_events.note(applied(1, buy(user_id="ann")))
        served.venue.own_events.note(applied(2, buy(user_id="bob")))
        served.venue.own_events.note(applied(3, buy(user_id="ann")))

        assert client.has_nothing()
        served.venue.commit(2)
        first = messages_in(client.receive(b"}}"))
        assert [(message["type"], message["event"], message["sequence"]) for message in first] == [
            ("order", "accepted", 1)
        ]
        assert client.has_nothing()
        served.venue.commit(3)
        assert [message["sequence"] for message in messages_in(client.receive(b"}}"))] == [3]


def test_failed_journal_leaves_the_outcome_unknown() -> None:
    with serving(upgrading) as served:
        client = upgraded(served)
        client.send(ask(2, "place"))
        assert client.has_nothing()

        served.venue.fail()

        (message,) = messages_in(client.receive(b"}}"))
        assert (message["id"], message["type"], message["problem"]["code"]) == (2, "problem", "outcome_unknown")


def test_stop_answers_what_was_asked_before_it_says_goodbye() -> None:
    with serving(upgrading) as served:
        client = upgraded(served)
        client.send(ask(2, "place"))
        assert client.has_nothing()

        served.loop.stop_soon()
        served.venue.commit(1)

        assert client.receive(b"\x03\xe9the exchange stops").startswith(message_bytes(ack(2, 1)))


def test_connections_for_orders_are_at_most_half_of_all() -> None:
    with serving(upgrading, Limits(timeout_seconds=30, connections=4)) as served:
        clients = [upgraded(served), upgraded(served)]
        refused = served.client()
        refused.send(get("/ws/orders"))

        assert refused.receive(b"}").startswith(b"HTTP/1.1 503 ")
        clients[0].socket.close()
        assert clients[1].has_nothing()
        upgraded(served)


def test_client_that_says_nothing_is_closed() -> None:
    with serving(upgrading, Limits(timeout_seconds=0.1, connections=4)) as served:
        client = served.client()
        client.send(get("/ws/orders"))

        assert client.receive(b"\x03\xf0expected auth in time").startswith(GREETING)


def test_first_message_must_be_an_auth() -> None:
    """The answer was lost if a command of somebody else was not durable yet: it came after the close."""
    with serving(upgrading) as served:
        served.venue.exchange.applied_sequence = 1
        client = served.client()
        client.send(get("/ws/orders") + ask(1, "place"))

        assert b'"code":"unauthorized"' in client.receive(b"\x03\xf0not admitted")
