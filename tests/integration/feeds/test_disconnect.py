"""Orders that end with their connection: the client is killed, the exchange is killed, and with messages in flight."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.integration.service.server_process import Client, Json, ServerProcess, buy, command_line, running

pytestmark = [pytest.mark.slow, pytest.mark.together]

TRADER = """
import sys
from websockets.sync.client import connect

with connect(sys.argv[1]) as socket:
    for message in sys.argv[2:]:
        socket.send(message)
    sys.stdin.read()
"""


@contextmanager
def trading(server: ServerProcess, user_id: str) -> Iterator[ClientConnection]:
    with connect(f"ws://127.0.0.1:{server.port}/ws/orders", legacy=True) as connection:
        connection.send(message("auth", user_id=user_id))
        connection.send(message("cancel_on_disconnect", enabled=True))
        yield connection


def message(op: str, **fields: Any) -> str:
    return json.dumps({"id": op, "op": op, **fields})


def place(user_id: str, **terms: Any) -> str:
    return message("place", **buy(user_id=user_id, **terms))


def until_ack(connection: ClientConnection, op: str) -> Json:
    while True:
        received: Json = json.loads(connection.recv(30))
        if received.get("id") == op:
            assert received["type"] == "ack", received
            return received


def live(client: Client, user_id: str) -> list[str]:
    orders = client.get(f"/orders?user_id={user_id}&status=live")["orders"]
    return [order["price"] for order in orders]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running(tmp_path_factory.mktemp("disconnect") / "exchange") as found:
        yield found.wait_ready()


@pytest.fixture
def trader(server: ServerProcess) -> Iterator[Client]:
    with closing(server.client()) as client:
        yield client


def test_killed_client_leaves_no_orders_but_those_placed_otherwise(server: ServerProcess, trader: Client) -> None:
    trader.place(buy(user_id="ann", price="90.00"))
    url = f"ws://127.0.0.1:{server.port}/ws/orders"
    sent = [message("auth", user_id="ann"), place("ann", price="91.00"), message("cancel_on_disconnect", enabled=True)]
    sent += [place("ann", price=f"{price}.00") for price in (92, 93)]
    client = subprocess.Popen([sys.executable, "-c", TRADER, url, *sent], stdin=subprocess.PIPE)
    server.wait_until(lambda: len(live(trader, "ann")) == 4)

    client.kill()
    client.communicate()

    server.wait_until(lambda: len(live(trader, "ann")) == 2)
    assert sorted(live(trader, "ann")) == ["90.00", "91.00"]
    ended = trader.get("/orders?user_id=ann&status=CANCELED")["orders"]
    assert [(order["price"], order["reason"]) for order in ended] == [("93.00", "disconnect"), ("92.00", "disconnect")]


def test_orders_in_flight_when_the_connection_breaks_are_canceled_too(server: ServerProcess, trader: Client) -> None:
    with trading(server, "bob") as connection:
        until_ack(connection, "cancel_on_disconnect")
        for number in range(300):
            connection.send(place("bob", price=f"{number + 1}.00", quantity="1"))
        until_ack(connection, "place")
        connection.socket.close()

    # All orders that were taken come before the first cancel.
    server.wait_until(lambda: bool(trader.get("/orders?user_id=bob&status=CANCELED")["orders"]))
    server.wait_until(lambda: not live(trader, "bob"))


def test_repeated_order_belongs_to_the_connection_that_placed_it(server: ServerProcess, trader: Client) -> None:
    order = place("cid", idempotency_key="once")
    with trading(server, "cid") as first:
        first.send(order)
        placed = until_ack(first, "place")["order"]["order_id"]
        with trading(server, "cid") as second:
            second.send(order)
            assert until_ack(second, "place")["order"]["order_id"] == placed
            second.send(place("cid", price="50.00"))
            until_ack(second, "place")
        server.wait_until(lambda: live(trader, "cid") == ["100.00"])

    server.wait_until(lambda: not live(trader, "cid"))


def test_killed_exchange_cancels_at_its_start_and_the_journal_says_so(tmp_path: Path) -> None:
    directory = tmp_path / "exchange"
    with running(directory) as server:
        client = server.wait_ready().client()
        client.place(buy(user_id="dan", price="90.00"))
        with trading(server, "dan") as connection:
            for price in (91, 92):
                connection.send(place("dan", price=f"{price}.00"))
            server.wait_until(lambda: len(live(client, "dan")) == 3)
            server.kill()

    for _ in range(2):
        with running(directory) as server:
            client = server.wait_ready().wait_followed().client()
            assert live(client, "dan") == ["90.00"]
            ended = client.get("/orders?user_id=dan&status=CANCELED")["orders"]
            assert [order["reason"] for order in ended] == ["disconnect", "disconnect"]
            server.hang_up()
            assert server.terminate() == 0
    verified = command_line(directory, "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
