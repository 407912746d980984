"""Orders over a WebSocket of a running server: the same as over REST, with the user's own events."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.integration.service.server_process import Client, ServerProcess, buy, running, sell
from tests.local_book import Message

pytestmark = [pytest.mark.slow, pytest.mark.together]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running(tmp_path_factory.mktemp("orders") / "exchange", API_KEY="a long secret") as found:
        yield found.wait_ready()


@pytest.fixture
def trader(server: ServerProcess) -> Iterator[Client]:
    with closing(server.client()) as client:
        yield client


class Trader:
    """A connection; answers and events come in the order in which the server sent them."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def ask(self, **message: Any) -> Message:
        """Send a message; return its answer, which must be the next message."""
        self.connection.send(json.dumps(message))
        return self.next()

    def next(self) -> Message:
        message: Message = json.loads(self.connection.recv(30))
        return message


@contextmanager
def trading(server: ServerProcess, user_id: str, **auth: Any) -> Iterator[Trader]:
    with connect(f"ws://127.0.0.1:{server.port}/ws/orders", legacy=True) as connection:
        found = Trader(connection)
        assert found.ask(id=0, op="auth", key="a long secret", user_id=user_id, **auth) == {"id": 0, "type": "ack"}
        yield found


def test_place_amend_and_cancel_are_the_same_as_over_rest(server: ServerProcess, trader: Client) -> None:
    with trading(server, "ann") as socket:
        assert socket.next()["type"] == "caught_up"
        placed = socket.ask(id=1, op="place", **buy(user_id="ann", client_order_id="mine"))
        assert socket.next()["event"] == "accepted"
        amended = socket.ask(id=2, op="amend", client_order_id="mine", quantity="4")
        assert socket.next()["event"] == "amended"
        canceled = socket.ask(id=3, op="cancel", order_id=placed["order"]["order_id"])
        assert socket.next()["event"] == "canceled"

    assert [answer["type"] for answer in (placed, amended, canceled)] == ["ack"] * 3
    assert amended["order"]["quantity"] == "4"
    path = f"/orders/{placed['order']['order_id']}"
    stored = trader.ask("GET", path, headers={"X-API-Key": "a long secret"}).content
    assert {**canceled["order"], "trades": []} == {**stored, "trades": []}


def test_order_without_a_user_gets_that_of_the_connection(server: ServerProcess) -> None:
    with trading(server, "cid") as socket:
        socket.next()
        order = {name: value for name, value in buy().items() if name != "user_id"}

        assert socket.ask(id=1, op="place", **order)["order"]["user_id"] == "cid"
        assert socket.next()["type"] == "order"
        assert len(socket.ask(id=2, op="cancel_all")["canceled"]) == 1


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"op": "place", "symbol": "AAPL"}, "invalid_fields"),
        ({"op": "place", **buy(price="1.001")}, "tick_size"),
        ({"op": "place", **buy(prize="1")}, "invalid_fields"),
        ({"op": "amend", "order_id": "999999", "quantity": "1"}, "unknown_order"),
        ({"op": "cancel", "order_id": "999999"}, "unknown_order"),
        ({"op": "cancel"}, "invalid_fields"),
        ({"op": "fly"}, "invalid_fields"),
        ({}, "invalid_fields"),
    ],
    ids=str,
)
def test_refusal_is_a_problem_with_the_id_of_its_message(server: ServerProcess, message: Message, code: str) -> None:
    with trading(server, "dan") as socket:
        socket.next()

        answer = socket.ask(id="x", **message)

        assert (answer["id"], answer["type"], answer["problem"]["code"]) == ("x", "problem", code)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"id": 1, "id": 2}', "nonsense", "[" * 5_000, '{"op": "\ud800"}'[:8]])
def test_message_that_cannot_be_read_is_a_problem(server: ServerProcess, text: str) -> None:
    with trading(server, "eve") as socket:
        socket.next()
        socket.connection.send(text)

        assert socket.next()["problem"]["code"] in ("malformed_request", "invalid_fields")


def test_client_that_comes_back_gets_its_missed_events_then_caught_up(server: ServerProcess, trader: Client) -> None:
    key = {"X-API-Key": "a long secret"}
    with trading(server, "fay") as socket:
        socket.next()
        first = socket.ask(id=1, op="place", **sell(user_id="fay", symbol="MISS"))["sequence"]
    trader.ask("POST", "/orders", buy(user_id="gus", symbol="MISS", quantity="4"), key)
    trader.ask("DELETE", "/orders?user_id=fay", headers=key)

    with trading(server, "fay", since=first) as socket:
        missed = [socket.next(), socket.next(), socket.next()]

    assert [message["type"] for message in missed] == ["trade", "order", "caught_up"]
    assert missed[0]["liquidity"] == "MAKER"
    assert missed[0]["order"]["remaining_quantity"] == "6"
    assert missed[1]["event"] == "canceled"


def test_client_of_a_killed_exchange_gets_the_events_before_the_crash(tmp_path: Path) -> None:
    settings = {"API_KEY": "a long secret", "SNAPSHOT_INTERVAL_SEC": "0"}
    key = {"X-API-Key": "a long secret"}
    with running(tmp_path / "exchange", **settings) as server:
        trader = server.wait_ready().client()
        with trading(server, "fay") as socket:
            socket.next()
            first = socket.ask(id=1, op="place", **sell(user_id="fay", symbol="MISS"))["sequence"]
        trader.ask("POST", "/orders", buy(user_id="gus", symbol="MISS", quantity="4"), key)
        trader.ask("DELETE", "/orders?user_id=fay", headers=key)
        server.kill()

    with running(tmp_path / "exchange", **settings) as server:
        server.wait_ready()
        with trading(server, "fay", since=first) as socket:
            missed = [socket.next(), socket.next(), socket.next()]

    assert [message["type"] for message in missed] == ["trade", "order", "caught_up"]
    assert (missed[0]["order"]["remaining_quantity"], missed[1]["event"]) == ("6", "canceled")


def test_repeated_key_gives_the_first_answer_also_over_rest(server: ServerProcess, trader: Client) -> None:
    with trading(server, "hal") as socket:
        socket.next()
        order = buy(user_id="hal", idempotency_key="once")
        first = socket.ask(id=1, op="place", **order)
        socket.next()

        assert socket.ask(id=2, op="place", **order)["order"] == first["order"]
    over_rest = trader.ask("POST", "/orders", order, {"X-API-Key": "a long secret"})
    assert over_rest.content == first["order"]


@pytest.mark.parametrize("auth", [{}, {"key": "wrong"}, {"key": 7}, {"key": "a long secret", "since": -1}], ids=str)
def test_wrong_auth_is_refused_and_the_connection_closed(server: ServerProcess, auth: Message) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/ws/orders", legacy=True) as connection:
        answer = Trader(connection).ask(id=1, op="auth", **auth)

        assert answer["problem"]["code"] in ("unauthorized", "invalid_fields")
        with pytest.raises(ConnectionClosed, match="1008"):
            connection.recv(10)


def test_page_of_another_site_is_refused(server: ServerProcess) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://127.0.0.1:{server.port}/ws/orders", origin="https://elsewhere.example", legacy=True)  # type: ignore[arg-type]
