"""What a whole venue recovers from: the newest snapshot, an older one, or the journal alone."""

from pathlib import Path

import pytest

from order_engine.bootstrap.venue import Venue
from order_engine.exchange.state import state_hash
from tests.integration.service.server_process import buy, sell
from tests.integration.service.venues import venue, wait_followed
from tests.postgres_cluster import PostgresCluster
from tests.unit.exchange.exchanges import START_NS, FakeClock, wait_until


def place(found: Venue, order: dict[str, object]) -> None:
    response = found.app.test_client().post("/orders", json=order)
    assert response.status_code == 201, response.text


def snapshot_files(directory: Path) -> list[Path]:
    return sorted((directory / "snapshots").glob("*.snapshot"))


def recovered_from(found: Venue, caplog: pytest.LogCaptureFixture) -> str:
    """The snapshot that the venue reported to have recovered from."""
    return [record.message for record in caplog.records if record.message.startswith("opens at")][-1]


@pytest.fixture
def directory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Path:
    """Data with snapshots at 2 and 3, and the end at 3; as a clean stop leaves it."""
    caplog.set_level("INFO", logger="order_engine")
    with venue(tmp_path) as found:
        place(found, sell())
        found.snapshots.take()
        place(found, buy(quantity="4"))
    assert [int(path.stem) for path in snapshot_files(tmp_path)] == [2, 3]
    return tmp_path


def spoil(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def assert_recovered(directory: Path, caplog: pytest.LogCaptureFixture, expected: str) -> None:
    with venue(directory) as found:
        assert recovered_from(found, caplog) == expected
        replayed = found.recovery.replay(None)
        assert found.app.test_client().get("/orderbook/AAPL").get_json()["asks"] == [["100.00", "6", 1]]
        assert found.snapshots.take().state_hash == state_hash(replayed.dump())


def test_newest_file_is_used(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert_recovered(directory, caplog, "opens at sequence 3, recovered from the snapshot at 3")


def test_older_file_is_used_when_the_newest_is_bad(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    spoil(snapshot_files(directory)[-1])

    assert_recovered(directory, caplog, "opens at sequence 3, recovered from the snapshot at 2")
    assert "is not used: its checksum should be" in caplog.text


def test_journal_alone_is_used_when_no_snapshot_is_left(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    for path in snapshot_files(directory):
        path.unlink()

    assert_recovered(directory, caplog, "opens at sequence 3, recovered from the snapshot at 0")


def test_snapshot_of_another_journal_is_not_used(
    directory: Path, tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with venue(elsewhere) as found:
        place(found, buy(symbol="MSFT"))
        place(found, buy(symbol="MSFT"))
    snapshot_files(elsewhere)[-1].replace(snapshot_files(directory)[-1])

    assert_recovered(directory, caplog, "opens at sequence 3, recovered from the snapshot at 2")
    assert "it belongs to the journal" in caplog.text


def test_time_never_goes_back_across_a_restart(tmp_path: Path) -> None:
    with venue(tmp_path, clock=FakeClock(START_NS)) as found:
        place(found, sell())
        wait_followed(found)
        before = found.app.test_client().get("/orders").get_json()["orders"][0]["created_at"]

    with venue(tmp_path, clock=FakeClock(START_NS - 86_400_000_000_000)) as found:
        place(found, buy(price="1.00"))
        wait_followed(found)
        orders = found.app.test_client().get("/orders").get_json()["orders"]
        assert [order["created_at"] for order in orders] == [before, before]


@pytest.mark.postgres
def test_database_that_is_down_at_start_costs_no_trade_and_catches_up(
    tmp_path: Path, postgres_server: PostgresCluster
) -> None:
    postgres_server.stop()
    with venue(tmp_path, DATABASE_URL=postgres_server.url) as found:
        client = found.app.test_client()
        place(found, sell())
        place(found, buy(quantity="4"))
        assert client.get("/orderbook/AAPL").get_json()["asks"] == [["100.00", "6", 1]]
        health = client.get("/health")
        assert (health.status_code, health.get_json()["status"]) == (200, "degraded")
        assert "OperationalError" in health.get_json()["database"]
        behind = client.get("/trades")
        assert behind.status_code == 503
        assert behind.get_json()["code"] in ("projection_behind", "database_unavailable", "database_starting")
        assert int(behind.headers["Retry-After"]) >= 1

        postgres_server.start()
        wait_followed(found)
        assert len(client.get("/trades").get_json()["trades"]) == 1
        wait_until(lambda: client.get("/health").get_json()["status"] == "ok")
