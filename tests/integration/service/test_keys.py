"""Stored keys on a running server: they count within a second of a change, and no secret is ever written or told."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.integration.feeds.listening import listening
from tests.integration.service.server_process import (
    PATIENCE_SECONDS,
    ServerProcess,
    buy,
    command_line,
    running,
    sell,
)

pytestmark = [pytest.mark.slow, pytest.mark.together]

API_KEY = "the-secret-of-the-environment"
IDS = ("buy_order_id", "sell_order_id", "maker_order_id", "taker_order_id")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running(tmp_path / "exchange") as server:
        yield server.wait_ready()


def made(directory: Path, *words: str) -> dict[str, Any]:
    finished = command_line(directory, "keys", *words, "--json")
    assert finished.returncode == 0, finished.stderr
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


def wait_for_status(server: ServerProcess, path: str, status: int, **headers: str) -> None:
    client = server.client()
    deadline = monotonic() + PATIENCE_SECONDS
    while client.ask("GET", path, headers=headers).status != status:
        assert monotonic() < deadline, f"{path} does not become {status}"


def orders_socket(server: ServerProcess, **auth: str) -> tuple[ClientConnection, dict[str, Any]]:
    connection = connect(f"ws://127.0.0.1:{server.port}/ws/orders", legacy=True)
    return connection, asked(connection, op="auth", **auth)


def asked(connection: ClientConnection, **message: Any) -> dict[str, Any]:
    """Send a message; return its answer, whatever events come before it."""
    connection.send(json.dumps({"id": 7, **message}))
    while True:
        answer: dict[str, Any] = json.loads(connection.recv(PATIENCE_SECONDS))
        if answer.get("id") == 7:
            return answer


def close_code(connection: ClientConnection) -> int | None:
    with suppress(ConnectionClosed):
        while True:
            connection.recv(PATIENCE_SECONDS)
    return connection.close_code


def ids_in(trade: dict[str, Any]) -> list[str | None]:
    return [trade[name] for name in IDS]


def test_first_key_closes_an_open_exchange_while_it_runs(server: ServerProcess, tmp_path: Path) -> None:
    client = server.client()
    client.place(buy())
    client.place(sell())
    stranger, answer = orders_socket(server, user_id="alice")
    with listening(server, "/ws/trades/AAPL?since=0") as tape:
        assert None not in ids_in(tape.next("trade"))

        key = made(tmp_path / "exchange", "create", "--user", "alice")["key"]

        assert tape.close_code() == 1006
    assert answer["type"] == "ack"
    assert close_code(stranger) == 1008
    assert "there are no keys: anybody who reaches this port may do everything" in server.log
    wait_for_status(server, "/orders", 401)
    assert client.ask("GET", "/orders", headers={"X-API-Key": key}).status == 200
    with listening(server, "/ws/trades/AAPL?since=0") as tape:
        assert ids_in(tape.next("trade")) == [None] * 4
    with listening(server, "/ws/market-data/AAPL") as book:
        assert book.next("snapshot")["last_trade"]["buy_order_id"] is None


def test_connection_for_orders_is_its_keys_users_and_ends_with_the_key(server: ServerProcess, tmp_path: Path) -> None:
    directory = tmp_path / "exchange"
    alice, bob = (made(directory, "create", "--user", user) for user in ("alice", "bob"))
    reader = made(directory, "create", "--user", "alice", "--scope", "read")
    # The last that was made: the server then knows all.
    wait_for_status(server, "/orders", 200, **{"X-API-Key": reader["key"]})
    order = {name: value for name, value in buy().items() if name != "user_id"}

    refused, answer = orders_socket(server, key=alice["key"], user_id="bob")
    assert answer["problem"]["code"] == "forbidden"
    assert close_code(refused) == 1008
    assert orders_socket(server)[1]["problem"]["code"] == "unauthorized"

    trader, _ = orders_socket(server, key=alice["key"])
    watcher, _ = orders_socket(server, key=reader["key"])
    other, _ = orders_socket(server, key=bob["key"])
    placed = asked(trader, op="place", **order)["order"]
    assert placed["user_id"] == "alice"
    assert asked(trader, op="place", **buy(user_id="bob"))["problem"]["code"] == "forbidden"
    assert asked(watcher, op="cancel", order_id=placed["order_id"])["problem"]["code"] == "forbidden"
    assert asked(other, op="cancel", order_id=placed["order_id"])["problem"]["code"] == "unknown_order"
    assert asked(other, op="amend", order_id=placed["order_id"], quantity="1")["problem"]["code"] == "unknown_order"
    sold = asked(other, op="place", **{**order, "side": "SELL"})["order"]
    assert ids_in(sold["trades"][0]) == [None, sold["order_id"], None, sold["order_id"]]
    for connection in (trader, watcher):
        while (event := json.loads(connection.recv(PATIENCE_SECONDS)))["type"] != "trade":
            pass
        assert ids_in(event["trade"]) == [placed["order_id"], None, placed["order_id"], None]

    assert command_line(directory, "keys", "revoke", alice["id"]).returncode == 0
    made(directory, "rotate", bob["id"])
    assert close_code(trader) == 1008
    assert close_code(other) == 1008
    assert asked(watcher, op="cancel_all")["problem"]["code"] == "forbidden"


def test_no_secret_is_told_or_written_whatever_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "exchange"
    with running(directory, API_KEY=API_KEY, LOG_LEVEL="DEBUG") as server:
        server.wait_ready()
        issued = made(directory, "create", "--user", "alice", "--signed")
        plain = made(directory, "create", "--user", "bob")
        wait_for_status(server, "/orders", 200, **{"X-API-Key": plain["key"]})
        secrets = [API_KEY, issued["key"], issued["signing_secret"], plain["key"], "a-wrong-secret"]
        told = [refusals(server, secret) for secret in secrets]
        server.terminate()
        log = server.log

    written = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    kept = {directory / "keys.json": {issued["signing_secret"]}}
    for secret in secrets:
        assert secret not in log
        assert all(secret not in text for text in told)
        for path, content in written.items():
            assert secret.encode() not in content or secret in kept.get(path, ()), f"{path} has a secret"
    lines = [json.loads(line) for line in written[directory / "security.log"].splitlines()]
    assert {line["event"] for line in lines} == {"start", "stop", "key_created", "accepted", "refused"}
    assert {line.get("reason") for line in lines} >= {"no_key", "wrong_key", "wrong_scope"}


def refusals(server: ServerProcess, secret: str) -> str:
    """Send a secret in every place where a client may put it, rightly or not; return all that was answered."""
    answers = []
    client = server.client()
    for headers in ({"X-API-Key": secret}, {"Authorization": f"Bearer {secret}"}, {"Authorization": secret}, {}):
        answers += [
            str(client.ask("GET", path, headers=headers)) for path in ("/orders", "/orders/1", "/orders?limit=x")
        ]
        answers += [str(client.ask("POST", path, {"api_key": 1}, headers)) for path in ("/orders", "/admin/snapshot")]
    for head in (
        f"GET /orders HTTP/1.1\r\nHost: x\r\nX-API-Key: {secret}\r\n : {secret}\r\n\r\n",
        f"GET /orders HTTP/1.1\r\nHost: x\r\nX-API-Key {secret}\r\n\r\n",
        f"GET /orders HTTP/1.1\r\nHost: x\r\nX-API-Key: {secret}\x00\r\n\r\n",
        f"GET /orders HTTP/1.1\r\nX-API-Key: {secret}\r\nX-API-Key: {secret}\r\n\r\n",
        f"POST /orders HTTP/1.1\r\nHost: x\r\nX-API-Key: {secret}\r\nContent-Length: {secret}\r\n\r\n",
        f"{secret} /orders HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS) as raw:
            raw.sendall(head.encode())
            raw.shutdown(socket.SHUT_WR)
            answers.append(b"".join(iter(lambda: raw.recv(1 << 16), b"")).decode())
    for message in ({"op": "auth", "key": secret, "user_id": "zoe"}, {"op": secret}, {"key": {secret: 1}}):
        connection = connect(f"ws://127.0.0.1:{server.port}/ws/orders", legacy=True)
        connection.send(json.dumps(message))
        answers.append(str(connection.recv(PATIENCE_SECONDS)))
        connection.close()
    return "\n".join(answers)
