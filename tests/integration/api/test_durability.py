"""A 2xx response means that the command is on disk; and responses while disk or database cannot keep up."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from order_engine.exchange.exchange import Submitted
from order_engine.followers.progress import SQL, UNKNOWN, SinkProgress
from tests.fakes.fake_disk import FakeDisk
from tests.integration.api.orders import answered, buy, place, problem, sell
from tests.integration.api.served_exchange import Served, served_exchange

KEY = {"Idempotency-Key": "key"}


@pytest.fixture
def disk() -> FakeDisk:
    """A disk whose syncs can be held back, or fail."""
    return FakeDisk()


@pytest.fixture
def served(tmp_path: Path, disk: FakeDisk) -> Iterator[Served]:
    """An exchange on that disk."""
    with served_exchange(tmp_path, disk=disk) as served:
        yield served


@pytest.fixture
def without_database(tmp_path: Path) -> Iterator[Served]:
    """An exchange whose database falls behind and reports it."""
    with served_exchange(tmp_path, lag_max=1) as served:
        stop_following(served)
        yield served


def stop_following(served: Served) -> None:
    """Stop writing to the database."""
    assert served.progress.wait_shown(served.exchange.visible_sequence, 5)
    followers = served.venue._followers
    assert followers is not None
    followers.finish(served.exchange.visible_sequence, 0)
    gone = SinkProgress(UNKNOWN, UNKNOWN, "the database is gone")
    served.progress.report({SQL: gone}, reads_open=True)


def test_nothing_is_answered_or_shown_before_it_is_on_disk(served: Served, disk: FakeDisk) -> None:
    disk.hold_syncs()
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(served.client.post, "/orders", json=buy(), headers=KEY)
        disk.wait_until_sync_is_held()
        reading = pool.submit(served.client.get, "/bbo/AAPL")
        again = pool.submit(served.client.post, "/orders", json=buy(), headers=KEY)
        unanswered = not writing.done() and not reading.done() and not again.done()
        disk.release_syncs()

        assert unanswered
        assert writing.result().status_code == 201
        assert answered(reading.result())["best_bid"] == "150.50"
        assert again.result().data == writing.result().data
        assert again.result().headers["Idempotent-Replayed"] == "true"


def test_failing_disk_leaves_the_outcome_unknown_and_halts_the_exchange(served: Served, disk: FakeDisk) -> None:
    disk.fail("sync", OSError("the disk is full"))

    response = served.client.post("/orders", json=buy())

    problem(response, 503, "outcome_unknown")
    assert "Retry-After" in response.headers
    assert "the disk is full" in answered(served.client.get("/health"))["exchange"]
    problem(served.client.get("/bbo/AAPL"), 503, "halted")


def test_order_that_is_on_disk_is_answered_though_the_exchange_halts_before_it_is_written_down(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = served.exchange.submit

    def submit_and_halt(*arguments: object) -> Submitted:
        answer = submit(*arguments)  # type: ignore[arg-type]  # what the API passes on
        served.exchange.wait_visible(answer.applied.record.last_sequence)
        served.exchange.halt(OSError("a fault elsewhere"))
        return answer

    monkeypatch.setattr(served.exchange, "submit", submit_and_halt)

    response = served.client.post("/orders", json=buy())

    assert response.status_code == 201
    assert answered(response)["price"] == "150.50"


def test_while_the_database_is_behind_only_cancels_are_taken(without_database: Served) -> None:
    client = without_database.client
    order_id = place(client, buy())["order_id"]
    place(client, buy())

    refused = client.post("/orders", json=buy())

    problem(refused, 503, "projection_behind")
    assert "Retry-After" in refused.headers
    problem(client.put(f"/orders/{order_id}", json={"quantity": 1}), 503, "projection_behind")
    assert answered(client.delete(f"/orders/{order_id}"))["status"] == "CANCELED"
    assert client.delete("/orders?user_id=user123").status_code == 200
    problem(client.get("/orders"), 503, "projection_behind")
    problem(client.get("/trades"), 503, "projection_behind")


def test_list_waits_for_nothing_without_a_sequence(without_database: Served) -> None:
    client = without_database.client
    place(client, buy())

    client.last_sequence = None  # type: ignore[attr-defined]  # the client's own

    assert answered(client.get("/orders")) == {"orders": [], "next_cursor": None}


def test_order_is_shown_from_memory_while_the_database_is_away(without_database: Served) -> None:
    client = without_database.client
    live = place(client, buy())
    ended = place(client, sell(quantity="40"))

    shown = answered(client.get(f"/orders/{live['order_id']}"))

    assert shown == {
        **live,
        "status": "PARTIALLY_FILLED",
        "filled_quantity": "40",
        "remaining_quantity": "60",
        "average_price": "150.50",
        "updated_at": ended["updated_at"],
        "trades": None,
    }
    assert answered(client.get(f"/orders/{ended['order_id']}")) == {**ended, "trades": None}
    problem(client.get(f"/orders/{live['order_id']}?symbol=MSFT"), 404, "unknown_order")
    problem(client.get("/orders/31337"), 503, "projection_behind")


def test_refused_cancel_of_an_order_that_ended_a_moment_ago_needs_no_database(without_database: Served) -> None:
    client = without_database.client
    order = place(client, buy(client_order_id="mine"))
    canceled = answered(client.delete(f"/orders/{order['order_id']}"))
    for name in ("trades", "trades_cursor"):
        canceled.pop(name)

    for path in (f"/orders/{order['order_id']}", "/orders/by-client-id/mine?user_id=user123"):
        assert problem(client.delete(path), 409, "order_final")["order"] == canceled
        problem(client.delete(f"{path}{'&' if '?' in path else '?'}symbol=MSFT"), 404, "unknown_order")


def test_whether_an_order_has_ended_cannot_be_told_without_the_database(without_database: Served) -> None:
    response = without_database.client.delete("/orders/1")

    assert "cannot be told" in problem(response, 503, "database_unavailable")["detail"]
    assert "Retry-After" in response.headers
    assert "X-Sequence" in response.headers
