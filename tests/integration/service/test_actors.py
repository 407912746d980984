"""The audit log names the key's holder or the schedule as the actor, not the user who is affected."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from order_engine.__main__ import main
from order_engine.bootstrap.venue import Venue
from tests.integration.service.server_process import Json, buy
from tests.integration.service.venues import venue, wait_followed
from tests.unit.exchange.exchanges import SECOND_NS, FakeClock

KEY = "a long secret"
HOLDER = "the holder of API_KEY"
# The clock begins at 22:13:20.
HALT = {"at": "22:15", "state": "HALTED"}

Told = Callable[..., list[str]]


@pytest.fixture
def api_key() -> str:
    return KEY


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def served(tmp_path: Path, clock: FakeClock, api_key: str) -> Iterator[Venue]:
    with venue(tmp_path, clock=clock, API_KEY=api_key) as found:
        yield found


@pytest.fixture
def client(served: Venue) -> FlaskClient:
    client = served.app.test_client()
    client.environ_base["HTTP_X_REQUESTED_WITH"] = "tests"
    client.environ_base["HTTP_X_API_KEY"] = KEY
    return client


@pytest.fixture
def told(served: Venue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """Run ``audit`` for alice; return its sentences, without sequence and time."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))

    def ask(*options: str) -> list[str]:
        wait_followed(served)
        assert main(["audit", *options]) == 0
        return [line.partition("Z: ")[2] for line in capsys.readouterr().out.splitlines()]

    return ask


def place(client: FlaskClient, **fields: object) -> str:
    order_id: str = client.post("/orders", json=buy(user_id="alice", **fields)).get_json()["order_id"]
    return order_id


def events(served: Venue, client: FlaskClient, order_id: str) -> list[Json]:
    wait_followed(served)
    found: list[Json] = client.get(f"/orders/{order_id}/events").get_json()["events"]
    return found


def test_cancel_of_a_users_order_by_an_admin_is_told_as_the_admins(
    served: Venue, client: FlaskClient, told: Told
) -> None:
    order_id = place(client)
    client.delete(f"/orders/{order_id}")

    assert told("--user", "alice")[-1] == (
        f"{HOLDER} asked to cancel order {order_id}. Order {order_id} of alice was canceled with 10 left because that "
        "was asked for (user_requested)."
    )
    assert [(event["event"], event["actor"]) for event in events(served, client, order_id)] == [
        ("accepted", HOLDER),
        ("canceled", HOLDER),
    ]


def test_kill_switch_is_told_to_whom_asks_about_the_user(client: FlaskClient, told: Told) -> None:
    client.post("/users/alice/disable")

    assert told("--user", "alice") == [
        f"{HOLDER} asked to disable the user alice. Orders of alice are not taken from here on."
    ]


def test_scheduled_halt_is_the_schedules_and_any_other_the_admins(
    served: Venue, client: FlaskClient, clock: FakeClock, told: Told
) -> None:
    client.post("/instruments", json={"symbol": "AAPL", "schedule": [HALT, {"at": "22:16", "state": "CLOSED"}]})
    order_id = place(client, time_in_force="DAY")
    client.post("/instruments/AAPL/state", json={"state": "PRE_OPEN"})
    for _ in range(2):
        clock.now += 100 * SECOND_NS
        served.exchange.keep_time()

    sentences = told()
    assert f"{HOLDER} asked to bring AAPL to PRE_OPEN. AAPL is PRE_OPEN from here on." in sentences
    assert "the schedule asked to bring AAPL to HALTED. AAPL is HALTED from here on." in sentences
    assert sentences[-1].startswith("the schedule asked to bring AAPL to CLOSED.")
    last = events(served, client, order_id)[-1]
    assert (last["event"], last["actor"]) == ("expired", "the schedule")


@pytest.mark.parametrize("api_key", [""])
def test_without_keys_the_user_named_is_believed(served: Venue, client: FlaskClient, told: Told) -> None:
    order_id = place(client)
    client.delete(f"/orders/{order_id}")
    client.post("/instruments/AAPL/state", json={"state": "HALTED"})

    assert [sentence.partition(" asked")[0] for sentence in told()][-3:] == ["alice", "alice", "the operator"]
    assert {event["actor"] for event in events(served, client, order_id)} == {None}
    history = served.recovery.history(0, served.exchange.visible_sequence)
    assert {applied.record.actor for applied in history} == {None}
