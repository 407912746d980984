"""The followers fail in every way: trading keeps its rate, /health names the fault, and they recover."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from order_engine.__main__ import main
from order_engine.bootstrap.venue import Venue
from order_engine.exchange.applied import Applied
from order_engine.exchange.digest import INTERVAL, RunningDigest
from order_engine.followers.progress import AUDIT, SQL
from order_engine.followers.supervisor import FollowerProcess
from tests.integration.service.server_process import Json, ServerProcess, buy, command_line, running, sell
from tests.integration.service.tampering import execute, locked
from tests.integration.service.venues import venue, wait_followed
from tests.postgres_cluster import PostgresCluster
from tests.unit.exchange.exchanges import wait_until

HEALTH_SECONDS = 3.0
TEN_ORDERS_SECONDS = 2.0


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Venue]:
    """A venue with followers in a process of their own."""
    with venue(tmp_path, in_thread=False) as found:
        yield found


def place(found: Venue, order: Json) -> str:
    response = found.app.test_client().post("/orders", json=order)
    assert response.status_code == 201, response.text
    order_id: str = response.get_json()["order_id"]
    return order_id


def health(found: Venue) -> Json:
    response = found.app.test_client().get("/health")
    assert response.status_code == 200, response.text
    told: Json = response.get_json()
    return told


def assert_trades(found: Venue) -> None:
    """Require that ten orders in a row are accepted in time."""
    begun = monotonic()
    for _ in range(5):
        place(found, sell())
        place(found, buy())
    assert monotonic() - begun < TEN_ORDERS_SECONDS


def follower_of(found: Venue) -> FollowerProcess:
    followers = found._followers
    assert isinstance(followers, FollowerProcess)
    return followers


def verified(directory: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("DATA_DIR", str(directory))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{directory}/exchange.db")
    return main(["verify"])


def test_killed_follower_is_replaced_and_nothing_is_missing(
    found: Venue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        assert_trades(found)
        wait_until(lambda: health(found)["followers"] == "ok")
        process_id = follower_of(found).process_id
        assert process_id is not None
        os.kill(process_id, signal.SIGKILL)
        wait_until(lambda number=number: found.progress.restarts > number)  # type: ignore[misc]  # binds the number

    assert_trades(found)
    wait_followed(found)
    found.close()

    assert found.progress.restarts == 3
    assert verified(tmp_path, monkeypatch) == 0


def test_stopped_follower_is_seen_in_time_and_costs_nothing(found: Venue) -> None:
    place(found, sell())
    wait_followed(found)
    process_id = follower_of(found).process_id
    assert process_id is not None
    os.kill(process_id, signal.SIGSTOP)
    try:
        assert_trades(found)
        begun = monotonic()
        wait_until(lambda: "has not moved for" in health(found)["database"])
        assert monotonic() - begun < HEALTH_SECONDS
        told = health(found)
        assert (told["status"], "10 commands behind" in told["database"]) == ("degraded", True)
        assert "10 commands behind" in told["audit"]
        assert (told["sequence"], told["lag"]) == (12, {"database": 10, "audit": 10})
        # More requests than its socket takes: nothing waits for it.
        for _ in range(2_000):
            found.progress.want(11)
        assert_trades(found)
    finally:
        os.kill(process_id, signal.SIGCONT)

    wait_until(lambda: health(found)["status"] == "ok")
    assert wait_followed(found) == 22


def test_row_that_is_missing_degrades_health_names_it_and_rebuild_makes_it_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/exchange.db"
    with venue(tmp_path) as found:
        order_id = place(found, sell())
        wait_followed(found)
        execute(url, f"DELETE FROM orders WHERE order_id = '{order_id}'")

        response = found.app.test_client().delete(f"/orders/{order_id}")

        assert (response.status_code, response.get_json()["status"]) == (200, "CANCELED")
        assert_missing_row_is_told(found)
        assert_trades(found)
        wait_until(lambda: found.progress.lag(AUDIT) == 0)
    with venue(tmp_path) as found:
        assert_missing_row_is_told(found)
        assert_trades(found)
        wait_until(lambda: found.progress.lag(AUDIT) == 0)

    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", url)
    assert main(["rebuild"]) == 0
    assert main(["verify"]) == 0
    with venue(tmp_path) as found:
        wait_followed(found)
        assert health(found)["status"] == "ok"
        assert found.app.test_client().get(f"/orders/{order_id}").get_json()["status"] == "CANCELED"


def assert_missing_row_is_told(found: Venue) -> None:
    wait_until(lambda: "rebuild" in health(found)["database"])
    told = health(found)
    assert told["status"] == "degraded"
    assert "orders" in told["database"]
    assert (told["exchange"], told["audit"]) == ("ok", "ok")


def test_replica_that_computes_something_else_is_found_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def differing(add: Callable[[RunningDigest, Applied], None]) -> Callable[[RunningDigest, Applied], None]:
        return lambda digest, applied: add(digest, applied._replace(events=[*applied.events, []]))

    # In this process alone, as if it had matched one order differently.
    monkeypatch.setattr(RunningDigest, "add", differing(RunningDigest.add))
    with venue(tmp_path, in_thread=False) as found:
        client = found.app.test_client()
        for _ in range(INTERVAL // 100 + 1):
            orders = [sell(price="200.00")] * 100
            assert client.post("/orders/batch", json={"orders": orders}).status_code in (200, 201)

        wait_until(lambda: "diverged" in health(found)["followers"])

        told = health(found)
        assert told["status"] == "degraded"
        assert "between sequence 0 and 999" in told["followers"]
        assert "verify" in told["followers"]
        assert_trades(found)


def test_locked_database_costs_no_order_and_is_told_in_time(found: Venue, tmp_path: Path) -> None:
    place(found, sell())
    wait_followed(found)
    with locked(tmp_path) as blocker:
        assert_trades(found)
        begun = monotonic()
        wait_until(lambda: health(found)["database"] != "ok")
        assert monotonic() - begun < HEALTH_SECONDS
        told = health(found)
        assert (told["status"], told["audit"]) == ("degraded", "ok")
        assert_trades(found)
        assert found.progress.lag(SQL) == 20
        blocker.rollback()

    assert wait_followed(found) == 22
    wait_until(lambda: health(found)["status"] == "ok")


@pytest.mark.postgres
def test_database_server_that_is_gone_costs_no_order_and_is_told_in_time(
    tmp_path: Path, postgres_server: PostgresCluster
) -> None:
    with venue(tmp_path, in_thread=False, DATABASE_URL=postgres_server.url) as found:
        place(found, sell())
        wait_followed(found)
        postgres_server.stop()
        assert_trades(found)
        begun = monotonic()
        wait_until(lambda: health(found)["database"] != "ok")
        assert monotonic() - begun < HEALTH_SECONDS
        assert_trades(found)
        assert health(found)["audit"] == "ok"
        postgres_server.start()

        assert wait_followed(found) == 22
        wait_until(lambda: health(found)["status"] == "ok")


def test_database_file_that_was_deleted_is_noticed_and_filled_again(
    found: Venue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = place(found, sell())
    wait_followed(found)
    for path in tmp_path.glob("exchange.db*"):
        path.unlink()

    assert_trades(found)
    place(found, buy(price="1.00"))

    wait_until(lambda: (tmp_path / "exchange.db").exists())
    wait_until(lambda: health(found)["status"] == "ok" and found.progress.lag(SQL) == 0)
    wait_until(lambda: found.app.test_client().get(f"/orders/{order_id}/events").status_code == 200)
    found.close()
    assert verified(tmp_path, monkeypatch) == 0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running(tmp_path / "exchange", SNAPSHOT_INTERVAL_SEC="0") as server:
        yield server.wait_ready()


@pytest.mark.slow
def test_follower_never_outlives_the_exchange_and_the_next_start_works_at_once(tmp_path: Path) -> None:
    directory = tmp_path / "exchange"
    for _ in range(4):
        with running(directory, SNAPSHOT_INTERVAL_SEC="0") as server:
            client = server.wait_ready().client()
            for _ in range(20):
                client.place(sell())
                client.place(buy())
            server.wait_until(lambda server=server: server.client().get("/health")["status"] == "ok")  # type: ignore[misc]  # binds the server
            assert len(server.followers()) == 1
            server.kill_exchange()

    with running(directory, SNAPSHOT_INTERVAL_SEC="0") as server:
        client = server.wait_ready().client()
        client.place(buy(price="1.00"))
        server.wait_followed()
        assert len(client.get("/orders?limit=1000")["orders"]) == 4 * 40 + 1
        client.close()
        assert server.terminate() == 0
    assert command_line(directory, "verify").returncode == 0


@pytest.mark.slow
def test_stop_leaves_no_follower_and_everything_written(server: ServerProcess) -> None:
    client = server.client()
    for _ in range(50):
        client.place(sell())
    client.close()

    assert server.terminate() == 0

    assert server.processes() == {}
    verified = command_line(server.data_directory, "verify")
    assert "checkpoint 51" in verified.stdout, verified.stdout
