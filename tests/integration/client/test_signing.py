"""The Python client signs what it sends, over REST and WebSocket, and tries again with a new signature."""

import asyncio
import json
from pathlib import Path

import pytest

from order_engine.client import AsyncClient, CaughtUp, Client, NotAllowed
from order_engine.client.signing import Signing
from order_engine.security.signatures import signature_of
from tests.integration.service.server_process import command_line, running

pytestmark = pytest.mark.slow


def test_client_and_exchange_agree_on_a_signature() -> None:
    signed = Signing("secret", lambda: 5_000).sign("POST", "/orders", b"{}")

    assert signed == ("5", signature_of("secret", "5", "POST", "/orders", b"{}"))


def test_no_two_requests_are_signed_with_the_same_time() -> None:
    signing = Signing("secret", lambda: 5_000)

    assert [signing.sign("GET", "/").timestamp for _ in range(3)] == ["5", "6", "7"]


def test_client_with_a_signing_key_trades_and_listens(tmp_path: Path) -> None:
    directory = tmp_path / "exchange"
    made = command_line(directory, "keys", "create", "--user", "ann", "--signed", "--json")
    issued = json.loads(made.stdout)
    secrets = {"api_key": issued["key"], "signing_secret": issued["signing_secret"]}
    with running(directory) as server:
        url = f"http://127.0.0.1:{server.wait_ready().port}"
        with Client(url, **secrets) as client:
            order = client.place(symbol="AAPL", side="BUY", quantity=1, price=100)
            events = client.watch_orders(since=0)
            seen = [next(events), next(events)]
            books = client.watch_book("AAPL")
            assert next(books).symbol == "AAPL"
            assert client.whoami().user_id == order.user_id == "ann"
            assert [each.order_id for each in client.orders()] == [order.order_id]
            assert client.order(order.order_id).quantity == 1
            assert client.cancel_all() == [order.order_id]
            events.close()
            books.close()
        with Client(url, api_key=issued["key"]) as unsigned, pytest.raises(NotAllowed):
            unsigned.place(symbol="AAPL", side="BUY", quantity=1, price=100)
        asyncio.run(_place_many(url, secrets))

    assert isinstance(seen[1], CaughtUp)


async def _place_many(url: str, secrets: dict[str, str]) -> None:
    async with AsyncClient(url, **secrets) as client:
        orders = await asyncio.gather(
            *(client.place(symbol="MSFT", side="BUY", quantity=1, price=100) for _ in range(20))
        )
        assert len({order.order_id for order in orders}) == 20
