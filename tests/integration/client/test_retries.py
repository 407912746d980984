"""What is sent again is carried out once: connections cut after the request, and the whole server killed."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Barrier

import pytest

from order_engine.client import AsyncClient, Client, NoResponse
from order_engine.client.messages import Order
from order_engine.testing import Exchange
from order_engine.testing.server_process import reserved_port
from tests.integration.client.cutting_proxy import cutting_proxy
from tests.integration.service.server_process import running

CUTS = 3
TASKS = 16
ORDERS_EACH = 12
# The server may take long to start again on a busy machine.
PATIENT = 40


def test_order_whose_responses_are_lost_is_placed_once(served: Exchange) -> None:
    with cutting_proxy(served.url, CUTS) as url, Client(url) as client:
        placed = client.place(symbol="CUT", side="BUY", quantity=1, price=1)

        assert [order.order_id for order in client.orders(symbol="CUT")] == [placed.order_id]


def test_asyncio_client_places_once_what_it_sends_again(served: Exchange) -> None:
    async def place(url: str) -> list[str]:
        async with AsyncClient(url) as client:
            placed = await client.place(symbol="ASY", side="BUY", quantity=1, price=1)
            assert [order.order_id async for order in client.orders(symbol="ASY")] == [placed.order_id]
            return [placed.order_id]

    with cutting_proxy(served.url, CUTS) as url:
        assert asyncio.run(place(url))


def test_client_gives_up_after_its_last_try() -> None:
    with (
        reserved_port() as port,
        Client(f"http://127.0.0.1:{port}", retries=1) as client,
        pytest.raises(NoResponse, match="in 2 tries"),
    ):
        client.place(symbol="AAPL", side="BUY", quantity=1, price=1)


@pytest.mark.slow
def test_orders_placed_across_a_kill_are_all_placed_once(tmp_path: Path) -> None:
    """Sixteen tasks of the asyncio client and a thread of the blocking one place orders; the server is killed."""
    under_way = Barrier(2)

    with reserved_port() as port, ThreadPoolExecutor() as threads:
        url = f"http://127.0.0.1:{port}"
        with running(tmp_path / "exchange", PORT=str(port)) as first:
            first.wait_ready()
            blocking = threads.submit(_place_one_after_the_other, url)
            tasks = threads.submit(asyncio.run, _place_from_many_tasks(url, under_way))
            under_way.wait()
            first.kill()
        with running(tmp_path / "exchange", PORT=str(port)) as second, Client(url, retries=PATIENT) as client:
            second.wait_ready()
            returned = [*blocking.result(), *tasks.result()]
            second.wait_followed()
            kept = list(client.orders(symbol="AAPL"))

    assert sorted(order.order_id for order in returned) == sorted(order.order_id for order in kept)
    assert sorted(order.quantity for order in kept) == [Decimal(n + 1) for n in range(ORDERS_EACH * (TASKS + 1))]


def _place_one_after_the_other(url: str) -> list[Order]:
    with Client(url, retries=PATIENT) as client:
        return [
            client.place(symbol="AAPL", side="BUY", quantity=ORDERS_EACH * TASKS + n + 1, price=1)
            for n in range(ORDERS_EACH)
        ]


async def _place_from_many_tasks(url: str, under_way: Barrier) -> Sequence[Order]:
    async with AsyncClient(url, retries=PATIENT) as client:

        async def place(task: int) -> list[Order]:
            placed = []
            for n in range(ORDERS_EACH):
                placed.append(
                    await client.place(symbol="AAPL", side="BUY", quantity=task * ORDERS_EACH + n + 1, price=1)
                )
                if (task, n) == (TASKS - 1, ORDERS_EACH // 2):
                    await asyncio.to_thread(under_way.wait)
            return placed

        return [order for placed in await asyncio.gather(*map(place, range(TASKS))) for order in placed]
