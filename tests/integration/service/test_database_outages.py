"""PostgreSQL goes away under a server that trades, and comes back: nothing is lost, and nothing needs a restart."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from tests.integration.service.acknowledgements import check_journal, check_shown, check_stored
from tests.integration.service.remembering_client import RememberingClient
from tests.integration.service.server_process import Answered, Client, Json, ServerProcess, buy, running, sell
from tests.integration.service.venues import venue, wait_followed
from tests.postgres_cluster import PostgresCluster
from tests.unit.exchange.exchanges import wait_until

SEED = 20_261_121
CLIENTS = 8
ANSWERS = 300
BOOKS = ("/orderbook/AAPL", "/market/AAPL/depth", "/bbo/AAPL", "/instruments/AAPL")
pytestmark = [pytest.mark.slow, pytest.mark.postgres]


class Load:
    """Clients who trade until the test has seen enough."""

    def __init__(self, server: ServerProcess) -> None:
        self.clients = [RememberingClient(f"user{number}", SEED) for number in range(CLIENTS)]
        self._server = server
        self._enough = Event()

    def __enter__(self) -> "Load":
        self._pool = ThreadPoolExecutor(CLIENTS)
        self._jobs = [self._pool.submit(self._trade, client) for client in self.clients]
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        self._enough.set()
        self._pool.shutdown()
        if failure is None:
            for job in self._jobs:
                job.result()

    def wait_for_more_answers(self) -> None:
        """Return once some hundred more requests were answered."""
        goal = self._answers() + ANSWERS
        self._server.wait_until(lambda: self._answers() >= goal)

    def _answers(self) -> int:
        for job in self._jobs:
            if job.done():
                job.result()
        return sum(len(client.acknowledged) for client in self.clients)

    def _trade(self, client: RememberingClient) -> None:
        connection = self._server.client()
        while not self._enough.is_set():
            client.ask_next(connection)


def health_of(server: ServerProcess) -> str:
    """Return the body of /health."""
    status: str = server.client().get("/health")["status"]
    return status


def place_until_refused(client: Client, order: Json) -> tuple[list[str], str, Answered]:
    """Place an order again and again, each under a key of its own, until one is refused; return the responses."""
    order_ids: list[str] = []
    while True:
        key = f"order {len(order_ids)}"
        answered = client.ask("POST", "/orders", order, {"Idempotency-Key": key})
        if answered.status != 201:
            return order_ids, key, answered
        order_ids.append(answered.content["order_id"])
        assert len(order_ids) < ANSWERS, "never refused"


def test_trading_goes_on_while_the_database_is_away_and_every_row_comes_later_and_once(
    tmp_path: Path, postgres_server: PostgresCluster
) -> None:
    directory = tmp_path / "exchange"
    with running(directory, DATABASE_URL=postgres_server.url) as server:
        with Load(server.wait_ready()) as load:
            load.wait_for_more_answers()
            postgres_server.stop()
            load.wait_for_more_answers()
            server.wait_until(lambda: health_of(server) == "degraded")
            postgres_server.start()
            load.wait_for_more_answers()
        server.wait_until(lambda: health_of(server) == "ok")
        assert check_shown(server.port, load.clients)["trades"] > ANSWERS
        assert server.terminate() == 0

    check_journal(directory, load.clients)
    check_stored(directory, postgres_server.url)


def test_database_that_goes_away_while_nobody_trades_is_noticed(
    tmp_path: Path, postgres_server: PostgresCluster
) -> None:
    with venue(tmp_path, DATABASE_URL=postgres_server.url) as found:
        client = found.app.test_client()
        wait_followed(found)
        wait_until(lambda: client.get("/health").get_json()["status"] == "ok")

        postgres_server.stop()
        wait_until(lambda: "OperationalError" in client.get("/health").get_json()["database"])

        postgres_server.start()
        wait_until(lambda: client.get("/health").get_json()["status"] == "ok")


def test_database_too_far_behind_costs_new_orders_only_and_they_are_taken_again_by_themselves(
    tmp_path: Path, postgres_server: PostgresCluster
) -> None:
    directory, bid = tmp_path / "exchange", buy(price="1.00")
    with running(directory, DATABASE_URL=postgres_server.url, MAX_PROJECTION_LAG="20") as server:
        client = server.wait_ready().client()
        offer = f"/orders/{client.place(sell())['order_id']}"
        server.wait_followed()
        assert len(client.get("/orders")["orders"]) == 1

        postgres_server.stop()
        order_ids, key, refused = place_until_refused(client, bid)
        amended = client.ask("PUT", offer, {"quantity": "3"})
        batch = client.ask("POST", "/orders/batch", {"orders": [bid]})
        unreadable = client.ask("GET", "/orders")
        assert unreadable.content["code"] in ("projection_behind", "database_unavailable")
        for answered in (refused, amended, batch):
            assert answered.content["code"] == "projection_behind"
        for answered in (refused, amended, batch, unreadable):
            assert answered.status == 503
            assert int(answered.headers["Retry-After"]) >= 1
        assert len(order_ids) >= 20
        assert client.get("/orderbook/AAPL")["asks"] == [["100.00", "10", 1]]
        assert [client.ask("GET", path).status for path in (*BOOKS, "/readyz")] == [200] * (len(BOOKS) + 1)
        assert client.ask("DELETE", offer).content["status"] == "CANCELED"
        assert client.ask("DELETE", "/orders?user_id=buyer").content["canceled"] == order_ids
        assert health_of(server) == "degraded"

        postgres_server.start()
        server.wait_until(lambda: client.ask("POST", "/orders", bid, {"Idempotency-Key": key}).status == 201)
        server.wait_until(lambda: health_of(server) == "ok")
        statuses = [order["status"] for order in client.get("/orders?limit=1000")["orders"]]
        assert statuses == ["OPEN", *["CANCELED"] * (len(order_ids) + 1)]
        client.close()
        assert server.terminate() == 0

    check_stored(directory, postgres_server.url)
