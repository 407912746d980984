"""What is answered is on disk, and what is said when disk or database cannot keep up."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fakes.fake_disk import FakeDisk
from tests.integration.api.orders import answered, buy, place, problem
from tests.integration.api.served_exchange import Served, served_exchange

KEY = {"Idempotency-Key": "key"}


@pytest.fixture
def disk() -> FakeDisk:
    """A disk whose syncs can be held back, or fail."""
    return FakeDisk()


@pytest.fixture
def served(tmp_path: Path, disk: FakeDisk) -> Iterator[Served]:
    """An exchange on that disk, in no patience and with no room for a backlog."""
    with served_exchange(tmp_path, disk=disk, wait_seconds=0.05, lag_max=0) as served:
        assert served.projector.wait_projected(served.exchange.durable_sequence, 5)
        yield served


def test_nothing_is_answered_or_shown_before_it_is_on_disk(served: Served, disk: FakeDisk) -> None:
    disk.hold_syncs()
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(served.client.post, "/orders", json=buy(), headers=KEY)
        disk.wait_until_sync_is_held()
        reading = pool.submit(served.client.get, "/bbo/AAPL")

        again = served.client.post("/orders", json=buy(), headers=KEY)
        unanswered = not writing.done() and not reading.done()
        disk.release_syncs()

        problem(again, 409, "idempotency_in_flight")
        assert unanswered
        assert writing.result().status_code == 201
        assert answered(reading.result())["best_bid"] == "150.50"


def test_failing_disk_halts_the_exchange(served: Served, disk: FakeDisk) -> None:
    disk.fail("sync", OSError("the disk is full"))

    response = served.client.post("/orders", json=buy())

    problem(response, 503, "halted")
    assert "Retry-After" in response.headers
    assert "the disk is full" in answered(served.client.get("/health"))["exchange"]
    problem(served.client.get("/bbo/AAPL"), 503, "halted")


def test_while_the_database_is_behind_only_cancels_are_taken(served: Served) -> None:
    client = served.client
    order_id = place(client, buy())["order_id"]
    served.projector.close()

    # The backlog is counted a moment after the answer, by the thread that publishes.
    attempts = (client.post("/orders", json=buy()) for _ in range(10_000))
    refused = next(response for response in attempts if response.status_code != 201)

    problem(refused, 503, "projection_behind")
    assert "Retry-After" in refused.headers
    problem(client.put(f"/orders/{order_id}", json={"quantity": 1}), 503, "projection_behind")
    assert answered(client.delete(f"/orders/{order_id}"))["status"] == "CANCELED"
    assert client.delete("/orders?user_id=user123").status_code == 200
    problem(client.get("/orders"), 503, "projection_behind")
    problem(client.get("/trades"), 503, "projection_behind")


def test_whether_an_order_has_ended_cannot_be_told_without_the_database(served: Served) -> None:
    order_id = place(served.client, buy())["order_id"]
    served.projector.close()
    served.client.delete(f"/orders/{order_id}")

    response = served.client.delete(f"/orders/{order_id}")

    assert "cannot be told" in problem(response, 503, "database_unavailable")["detail"]
    assert "Retry-After" in response.headers
