"""When disk, core or database fail, clients get 503 and /health gives the reason; a restart has everything again."""

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from errno import ENOSPC
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

import pytest
from werkzeug.test import TestResponse

from order_engine.bootstrap.venue import Venue
from order_engine.exchange.errors import ExchangeHalted
from order_engine.exchange.phase import Phase
from order_engine.journal.directory_lock import DirectoryLock
from order_engine.journal.disk import LocalDisk
from order_engine.journal.errors import JournalLocked
from order_engine.matching.commands import PlaceOrder, Side
from tests.fakes.fake_disk import FakeDisk
from tests.integration.service.server_process import buy, sell
from tests.integration.service.tampering import locked
from tests.integration.service.venues import PATIENCE_SECONDS, venue, wait_followed
from tests.unit.exchange.exchanges import wait_until

READS = ("/orderbook/AAPL", "/market/AAPL/depth", "/bbo/AAPL", "/market/AAPL", "/orders", "/orders/2", "/trades")
READS += ("/instruments", "/instruments/AAPL", "/orders/user/buyer", "/orders/2/events")
POISON: Any = PlaceOrder(symbol="AAPL", side=Side.BUY, quantity_e8="none", price_e8=10**10)  # type: ignore[arg-type]  # on purpose


@pytest.fixture
def disk() -> FakeDisk:
    return FakeDisk()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as pool:
        yield pool


def place(found: Venue, order: dict[str, Any]) -> str:
    response = found.app.test_client().post("/orders", json=order)
    assert response.status_code == 201, response.text
    order_id: str = response.get_json()["order_id"]
    return order_id


def get(found: Venue, path: str) -> TestResponse:
    return found.app.test_client().get(path)


def assert_halted(found: Venue, reason: str) -> None:
    """Require that nothing is accepted or shown, that every 503 may be retried, and that /health says why."""
    client = found.app.test_client()
    refused = [client.get(path) for path in READS]
    refused += [client.post("/orders", json=buy()), client.delete("/orders/2"), client.delete("/orders?user_id=buyer")]
    refused += [client.put("/orders/2", json={"quantity": "1"}), client.post("/orders/batch", json={"orders": [buy()]})]
    for response in refused:
        assert (response.status_code, response.get_json()["code"]) == (503, "halted"), response.text
        assert int(response.headers["Retry-After"]) >= 1
    health = client.get("/health")
    assert (health.status_code, health.get_json()["status"]) == (503, "halted")
    assert reason in health.get_json()["exchange"]
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").status_code == 503


def test_nothing_is_answered_or_shown_before_the_disk_has_it(
    tmp_path: Path, disk: FakeDisk, pool: ThreadPoolExecutor
) -> None:
    with venue(tmp_path, disk=disk) as found:
        place(found, sell())
        wait_followed(found)
        disk.hold_syncs()
        writing = pool.submit(place, found, buy(quantity="4"))
        disk.wait_until_sync_is_held()
        books = ("/orderbook/AAPL", "/market/AAPL/depth", "/bbo/AAPL", "/market/AAPL")
        reading: list[Future[TestResponse]] = [pool.submit(get, found, path) for path in books]

        # The database can still be read, and is unchanged.
        orders = get(found, "/orders").get_json()["orders"]
        assert [(order["order_id"], order["filled_quantity"]) for order in orders] == [("2", "0")]
        assert get(found, "/trades").get_json()["trades"] == []
        assert not writing.done()
        assert not any(future.done() for future in reading)

        disk.release_syncs()
        assert writing.result() == "3"
        for future in reading:
            text = future.result().text
            assert '"6"' in text, text
        wait_followed(found)
        assert len(get(found, "/trades").get_json()["trades"]) == 1


def test_failing_fsync_stops_everything_and_health_says_so(tmp_path: Path, disk: FakeDisk) -> None:
    with venue(tmp_path, disk=disk) as found:
        place(found, sell())
        disk.fail("sync", OSError("no space left on device"))

        response = found.app.test_client().post("/orders", json=buy())

        # Only reading the disk back at the next start can tell whether it is there.
        assert (response.status_code, response.get_json()["code"]) == (503, "outcome_unknown")
        assert int(response.headers["Retry-After"]) >= 1
        assert found.journal_failed
        assert_halted(found, "no space left on device")
        survivor = disk.crash()

    with venue(tmp_path, disk=survivor) as found:
        wait_followed(found)
        assert [order["status"] for order in get(found, "/orders").get_json()["orders"]] == ["OPEN"]
        assert get(found, "/health").status_code == 200


def test_fault_in_the_core_stops_everything_and_a_restart_recovers(tmp_path: Path) -> None:
    with venue(tmp_path) as found:
        place(found, sell())
        with pytest.raises(ExchangeHalted):
            # The first of the two is applied before the second breaks the core: the book is half changed.
            found.exchange.submit([PlaceOrder(symbol="AAPL", side=Side.BUY, quantity_e8=1, price_e8=10**10), POISON])

        assert_halted(found, "halted: TypeError")

    with venue(tmp_path) as found:
        depth = get(found, "/orderbook/AAPL").get_json()
        assert (depth["bids"], depth["asks"]) == ([], [["100.00", "10", 1]])
        assert place(found, buy()) == "3"
        # What the database lacked when the exchange halted is read from the journal meanwhile.
        wait_until(lambda: get(found, "/health").get_json()["status"] == "ok")


def test_answers_that_wait_for_the_disk_when_the_core_fails_are_given_and_kept(
    tmp_path: Path, disk: FakeDisk, pool: ThreadPoolExecutor
) -> None:
    with venue(tmp_path, disk=disk) as found:
        disk.hold_syncs()
        waiting = [pool.submit(place, found, order) for order in (sell(), buy(quantity="4"))]
        wait_until(lambda: found.exchange.applied_sequence == 3)
        with pytest.raises(ExchangeHalted):
            found.exchange.submit([POISON])

        disk.release_syncs()

        assert {order.result() for order in waiting} == {"2", "3"}
        assert not found.journal_failed
        assert_halted(found, "halted: TypeError")

    with venue(tmp_path, disk=disk.crash()) as found:
        wait_followed(found)
        assert len(get(found, "/orders").get_json()["orders"]) == 2


def test_answers_that_wait_for_a_disk_that_fails_say_that_nobody_knows(
    tmp_path: Path, disk: FakeDisk, pool: ThreadPoolExecutor
) -> None:
    with venue(tmp_path, disk=disk) as found:
        place(found, sell())
        disk.hold_syncs()
        waiting = [pool.submit(found.app.test_client().post, "/orders", json=buy(quantity="1")) for _ in range(8)]
        waiting += [pool.submit(get, found, path) for path in ("/orderbook/AAPL", "/bbo/AAPL")]
        disk.wait_until_sync_is_held()
        wait_until(lambda: found.exchange.applied_sequence == 10)
        disk.fail("sync", OSError("no space left on device"))
        disk.release_syncs()

        for response in (one.result() for one in waiting):
            assert response.status_code == 503
            assert response.get_json()["code"] in ("outcome_unknown", "halted")
        codes = [one.result().get_json()["code"] for one in waiting[:8]]
        assert "outcome_unknown" in codes
        assert_halted(found, "no space left on device")


def test_disk_that_is_still_full_fails_the_start_and_nothing_claims_to_be_ready(tmp_path: Path, disk: FakeDisk) -> None:
    with venue(tmp_path, disk=disk) as found:
        place(found, sell())
    disk.fail("create", OSError(ENOSPC, "No space left on device"))
    failures: list[bool] = []

    with venue(tmp_path, disk=disk, wait=False, on_start_failure=lambda: failures.append(True)) as found:
        assert not found.wait_started(PATIENCE_SECONDS)
        assert_halted(found, "No space left on device")
        assert str(tmp_path) in str(found.exchange.fault)
    assert failures == [True]

    disk.repair()
    with venue(tmp_path, disk=disk) as found:
        assert place(found, sell()) == "3"


def test_venue_that_cannot_start_says_so_and_never_answers_with_a_mistake(tmp_path: Path, disk: FakeDisk) -> None:
    disk.put(tmp_path / "journal" / f"{1:020d}.journal", b"this is not a journal, whatever its name says; it is a poem")

    with venue(tmp_path, disk=disk, wait=False) as found:
        assert not found.wait_started(PATIENCE_SECONDS)
        assert_halted(found, "00000000000000000001.journal: at byte 0: expected a frame header")


def test_database_that_is_behind_costs_new_orders_only_and_it_recovers_by_itself(tmp_path: Path) -> None:
    with venue(tmp_path, MAX_PROJECTION_LAG="5") as found:
        client = found.app.test_client()
        client.environ_base["HTTP_X_REQUESTED_WITH"] = "tests"
        order_id = place(found, sell())
        wait_followed(found)
        with locked(tmp_path) as blocker:
            answers = [client.post("/orders", json=buy(price="1.00")) for _ in range(5)]
            refused = next(
                response
                for response in (client.post("/orders", json=buy(price="1.00")) for _ in range(1_000))
                if response.status_code != 201
            )
            assert {answer.status_code for answer in answers} == {201}
            assert (refused.status_code, refused.get_json()["code"]) == (503, "projection_behind")
            assert int(refused.headers["Retry-After"]) >= 1
            assert client.put(f"/orders/{order_id}", json={"quantity": "3"}).status_code == 503
            assert client.post("/users/buyer/disable").get_json()["is_enabled"] is False
            assert client.post("/users/buyer/enable").get_json()["is_enabled"] is True
            assert client.delete(f"/orders/{order_id}").get_json()["status"] == "CANCELED"
            blocker.rollback()

        wait_followed(found)
        assert place(found, buy(price="1.00"))


def test_followers_that_cannot_be_started_are_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    with venue(tmp_path, in_thread=False) as found:
        client = found.app.test_client()
        client.environ_base["HTTP_X_REQUESTED_WITH"] = "tests"
        place(found, sell())

        refused = client.post("/admin/snapshot")

        assert (refused.status_code, refused.get_json()["code"]) == (503, "snapshot_failed")
        wait_until(lambda: "FileNotFoundError" in client.get("/health").get_json()["followers"])
        monkeypatch.undo()
        wait_until(lambda: client.get("/health").get_json()["status"] == "ok")
        assert client.post("/admin/snapshot").status_code == 201


class SlowDisk(LocalDisk):
    """A disk that reads the journal only as far as a gate allows."""

    def __init__(self) -> None:
        self.gate = Event()
        self.reading = Event()

    def open_read(self, path: Path) -> BinaryIO:
        if path.suffix == ".journal":
            self.reading.set()
            assert self.gate.wait(PATIENCE_SECONDS)
        return super().open_read(path)


def test_recovery_in_progress_is_told_and_nothing_is_served(tmp_path: Path) -> None:
    with venue(tmp_path) as found:
        place(found, sell())
    for path in (tmp_path / "snapshots").iterdir():
        path.unlink()
    disk = SlowDisk()

    with venue(tmp_path, disk=disk, wait=False) as found:
        assert disk.reading.wait(PATIENCE_SECONDS)
        ready = get(found, "/readyz")
        assert (ready.status_code, ready.get_json()["status"]) == (503, "starting")
        assert set(ready.get_json()["recovery"]) == {"bytes_read", "bytes_total"}
        refused = found.app.test_client().post("/orders", json=buy())
        assert (refused.status_code, refused.get_json()["code"]) == (503, "starting")
        assert refused.headers["Retry-After"]
        assert get(found, "/livez").status_code == 200

        disk.gate.set()
        assert found.wait_started(PATIENCE_SECONDS)
        progress = found.recovery.progress
        assert progress.bytes_read == progress.bytes_total > 0
        assert get(found, "/readyz").status_code == 200


def test_venue_closed_while_it_recovers_touches_nothing_and_keeps_others_out(tmp_path: Path) -> None:
    with venue(tmp_path) as found:
        place(found, sell())
    journal = tmp_path / "journal" / f"{1:020d}.journal"
    journal.write_bytes(journal.read_bytes() + b"F1 d 000")
    before = journal.read_bytes()
    disk = SlowDisk()
    with venue(tmp_path, disk=disk, wait=False) as found:
        assert disk.reading.wait(PATIENCE_SECONDS)

        found.close()

        with pytest.raises(JournalLocked):
            DirectoryLock(tmp_path)
        disk.gate.set()
        assert not found.wait_started(PATIENCE_SECONDS)
        assert found.exchange.phase is Phase.CLOSED
        assert journal.read_bytes() == before
