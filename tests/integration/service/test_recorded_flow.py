"""Recorded Nasdaq order flow over REST, with two kills of the server, gives the trades and the book of ``process``.

The recording is no part of the project; it is looked for where ``CONFORMANCE_DATA`` points, else beside the project.
"""

import json
import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from tests.integration.service.server_process import Answered, Json, ServerProcess, command_line, running

BESIDE_THE_PROJECT = Path(__file__).resolve().parents[4] / "shared" / "data"
COMMANDS = Path(os.environ.get("CONFORMANCE_DATA") or BESIDE_THE_PROJECT) / "lobster-msft.commands.ndjson"
ORDER_FIELDS = ("user_id", "symbol", "side", "quantity", "price", "time_in_force")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COMMANDS.exists(), reason=f"no {COMMANDS}; CONFORMANCE_DATA may name another directory"),
]

Trade = tuple[Decimal, Decimal, str, str]
Book = dict[str, list[tuple[Decimal, Decimal, int]]]


class RestClient:
    """Sends a stream's commands over REST, and maps the exchange's orders to those of the stream."""

    def __init__(self) -> None:
        self.order_ids: dict[str, str] = {}

    def send(self, server: ServerProcess, commands: Sequence[Json]) -> None:
        """Send commands one after the other, each with its own key; all must be accepted."""
        client = server.client()
        for command in commands:
            answered = client.ask(*self._request(command))
            self._learn(command, answered)

    def send_and_let_go(self, server: ServerProcess, command: Json) -> None:
        """Send a command without waiting for the response."""
        server.client().send(*self._request(command))

    def _request(self, command: Json) -> tuple[str, str, Json | None, dict[str, str]]:
        headers = {"Idempotency-Key": f"seq-{command['seq']}"}
        if command["type"] == "create":
            body = {name: command[name] for name in ORDER_FIELDS if name in command}
            return "POST", "/orders", body, headers
        path = f"/orders/{self.order_ids[command['order_id']]}"
        if command["type"] == "amend":
            return "PUT", path, {name: command[name] for name in ("quantity", "price") if name in command}, headers
        assert command["type"] == "cancel"
        return "DELETE", path, None, headers

    def _learn(self, command: Json, answered: Answered) -> None:
        assert answered.status in (200, 201), answered
        if command["type"] == "create":
            self.order_ids[command["order_id"]] = answered.content["order_id"]


def trades_over_rest(server: ServerProcess, names: dict[str, str]) -> list[Trade]:
    """Read all trades, oldest first, with the stream's order ids."""
    page = server.client().get("/trades?symbol=MSFT&limit=1000")
    assert page["next_cursor"] is None
    return [
        (
            Decimal(trade["price"]),
            Decimal(trade["quantity"]),
            names[trade["maker_order_id"]],
            names[trade["taker_order_id"]],
        )
        for trade in reversed(page["trades"])
    ]


def lines_of(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def book_of(sides: Json) -> Book:
    return {
        side: [(Decimal(price), Decimal(quantity), orders) for price, quantity, orders in sides[side]]
        for side in ("bids", "asks")
    }


@pytest.fixture
def processed(tmp_path: Path) -> tuple[list[Trade], Book]:
    """The trades and the book of ``process`` for the recording."""
    trades, book = tmp_path / "trades", tmp_path / "book"
    finished = command_line(tmp_path, "process", str(COMMANDS), "--trades", str(trades), "--book", str(book))
    assert finished.returncode == 0, finished.stderr
    made = [
        (Decimal(t["price"]), Decimal(t["quantity"]), t["maker_order_id"], t["taker_order_id"])
        for t in lines_of(trades)
    ]
    return made, book_of(json.loads(book.read_text())["MSFT"])


@pytest.fixture
def commands() -> Sequence[Json]:
    return lines_of(COMMANDS)


def test_recorded_flow_over_rest_with_kills_gives_the_trades_and_book_of_process(
    tmp_path: Path, commands: Sequence[Json], processed: tuple[list[Trade], Book]
) -> None:
    directory, sender = tmp_path / "exchange", RestClient()
    first, second = len(commands) // 3, 2 * len(commands) // 3

    with running(directory) as server:
        sender.send(server.wait_ready(), commands[:first])
        sender.send_and_let_go(server, commands[first])
        server.kill()
    with running(directory) as server:
        # The last acknowledged command, and the one whose response was lost, are sent again with their keys.
        sender.send(server.wait_ready(), commands[first - 1 : second])
        assert server.client().ask("POST", "/admin/snapshot").status == 201
        sender.send_and_let_go(server, commands[second])
        server.kill()
    with running(directory) as server:
        sender.send(server.wait_ready(), commands[second:])
        names = {order_id: name for name, order_id in sender.order_ids.items()}
        server.wait_followed()
        trades = trades_over_rest(server, names)
        book = book_of(server.client().get("/orderbook/MSFT?levels=1000"))
        assert server.terminate() == 0

    assert (trades, book) == processed
    recorded = lines_of(COMMANDS.with_name("lobster-msft.trades.ndjson"))
    assert [trade[:2] for trade in trades] == [(Decimal(t["price"]), Decimal(t["quantity"])) for t in recorded]
    verified = command_line(directory, "verify", "--json")
    assert verified.returncode == 0, verified.stdout
    assert json.loads(verified.stdout)["sequence"] == len(commands) + 1, "each command once, after the settings"
