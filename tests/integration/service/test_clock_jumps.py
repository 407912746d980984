"""After its clock jumped a service takes only cancels and reports it, until an operator accepts the clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from order_engine.bootstrap.venue import Venue
from order_engine.exchange.clock import Clock, SystemClock
from order_engine.matching.commands import PlaceOrder, Side
from order_engine.settings import Settings
from tests.integration.service.server_process import Client, buy, command_line, running
from tests.unit.exchange.exchanges import PATIENCE_SECONDS, START_NS, FakeClock, wait_until

HOUR_NS = 3_600 * 10**9
ORDER = PlaceOrder(symbol="AAPL", side=Side.BUY, quantity_e8=10**8, price_e8=10**10, user_id="buyer", order_id="old")


@contextmanager
def venue(directory: Path, clock: Clock, uptime: FakeClock | None = None) -> Iterator[Venue]:
    """Start a venue with its followers in a thread."""
    settings = Settings.from_environment({"DATA_DIR": str(directory), "SNAPSHOT_INTERVAL_SEC": "0"})
    found = Venue(settings, clock=clock, uptime=None if uptime is None else uptime.now_ns, follows_in_thread=True)
    try:
        found.start()
        assert found.wait_started(PATIENCE_SECONDS), str(found.exchange.fault)
        yield found
    finally:
        found.close()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The data of an exchange that ran years ago, with one order."""
    directory = tmp_path / "data-directory"
    with venue(directory, FakeClock(START_NS)) as found:
        found.exchange.submit([ORDER])
    return directory


def place(client: Client) -> tuple[int, Any]:
    answered = client.ask("POST", "/orders", buy())
    return answered.status, answered.content.get("code")


def test_jump_is_answered_with_clock_jumped_and_shown_by_health(tmp_path: Path) -> None:
    uptime = FakeClock(0)
    with venue(tmp_path, SystemClock(), uptime) as found:
        client = found.app.test_client()
        placed = client.post("/orders", json=buy()).get_json()
        uptime.now += HOUR_NS

        refused = client.post("/orders", json=buy())
        health = client.get("/health").get_json()
        canceled = client.delete(f"/orders/{placed['order_id']}")

        assert (refused.status_code, refused.get_json()["code"]) == (503, "clock_jumped")
        assert "Retry-After" in refused.headers
        assert health["status"] == "degraded"
        assert health["clock"].startswith("The clock jumped: expected a time at most 300 s from ")
        assert canceled.get_json()["status"] == "CANCELED"
        assert client.get("/readyz").status_code == 200


def test_operator_accepts_the_clock_on_the_command_line(tmp_path: Path) -> None:
    uptime = FakeClock(0)
    with venue(tmp_path, SystemClock(), uptime) as found:
        client = found.app.test_client()
        uptime.now += HOUR_NS
        assert client.post("/orders", json=buy()).status_code == 503

        finished = command_line(tmp_path, "clock", "accept")

        assert (finished.returncode, finished.stderr) == (0, "")
        assert finished.stdout.startswith("The exchange continues at 2")
        assert client.post("/orders", json=buy()).status_code == 201
        assert client.get("/health").get_json()["clock"] == "ok"


def test_operator_accepts_the_clock_over_http(tmp_path: Path) -> None:
    uptime = FakeClock(0)
    with venue(tmp_path, SystemClock(), uptime) as found:
        client = found.app.test_client()
        uptime.now += HOUR_NS
        wrong = [client.post("/admin/clock", json=body).status_code for body in ({}, {"accept": False}, {"accept": 1})]
        assert client.post("/orders", json=buy()).status_code == 503

        accepted = client.post("/admin/clock", json={"accept": True})

        assert wrong == [400, 400, 400]
        assert accepted.status_code == 200
        assert accepted.get_json()["time"].startswith("2")
        assert client.post("/orders", json=buy()).status_code == 201


def test_clock_beyond_2262_cannot_be_accepted_over_http(tmp_path: Path) -> None:
    clock = FakeClock(START_NS)
    with venue(tmp_path, clock) as found:
        client = found.app.test_client()
        clock.now += 300 * 365 * 24 * HOUR_NS

        refused = client.post("/admin/clock", json={"accept": True})

        assert (refused.status_code, refused.get_json()["code"]) == (503, "clock_jumped")
        assert client.post("/orders", json=buy()).status_code == 503
        assert client.get("/orderbook/AAPL").status_code == 404
        assert client.get("/health").get_json()["status"] == "degraded"


def test_clock_is_looked_at_though_no_request_comes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    uptime = FakeClock(0)
    with venue(tmp_path, SystemClock(), uptime):
        uptime.now += HOUR_NS

        wait_until(lambda: "The clock jumped" in caplog.text)


@pytest.mark.slow
def test_command_says_if_no_exchange_waits_for_it(tmp_path: Path) -> None:
    finished = command_line(tmp_path, "clock", "accept")

    assert finished.returncode == 2
    assert "No exchange on this DATA_DIR is waiting for its clock to be accepted." in finished.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_server_that_starts_long_after_the_last_record_waits_for_the_operator(old: Path) -> None:
    with running(old) as server:
        client = server.wait_ready().client()
        assert place(client) == (503, "clock_jumped")
        assert client.get("/orderbook/AAPL")["bids"] == [["100.00", "1", 1]]

        finished = command_line(old, "clock", "accept")

        assert finished.returncode == 0, finished.stderr
        assert place(client) == (201, None)


@pytest.mark.slow
def test_server_that_starts_long_after_the_last_record_may_be_told_that_its_clock_is_right(old: Path) -> None:
    with running(old, ACCEPT_CLOCK="true") as server:
        assert place(server.wait_ready().client()) == (201, None)
