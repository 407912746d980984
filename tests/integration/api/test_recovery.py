"""The whole state survives a kill at any moment, a restart, a snapshot, and the loss of the database."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from order_engine.exchange.recovery import Recovery
from order_engine.exchange.state import state_hash
from order_engine.journal.disk import LocalDisk
from tests.integration.api.orders import Json, answered, buy, place, problem, sell
from tests.integration.api.served_exchange import Served, served_exchange

READS = (
    *("/orders?limit=1000", "/orders?status=PENDING", "/trades", "/instruments", "/orderbook/AAPL", "/market/AAPL"),
    *("/orderbook/CALL", "/positions/user123", "/positions/user456", "/risk-limits/user123", "/risk-limits/*"),
    *("/risk-limits/gone", "/market/AAPL/candles?interval=1s", "/orders/user/user123", "/orders/3/events"),
)
TERMS = {
    "symbol": "AAPL",
    "price_band_percent": "50",
    "circuit_breaker_percent": "40",
    "reference_price": "150",
    "self_trade_prevention": "DECREMENT",
    "schedule": [{"at": "00:00:00", "state": "OPEN"}],
}


def stop(**fields: object) -> Json:
    """A stop to sell."""
    return sell(**{"price": None, "type": "STOP", "stop_price": "149", "quantity": "5", **fields})


def put_everything_in(client: FlaskClient) -> None:
    """Make state of every kind."""
    distant = {"time_in_force": "GTD", "expire_at": "2200-01-01T00:00:00Z"}
    assert client.post("/instruments", json=TERMS).status_code == 201
    place(client, sell(quantity="100", display_quantity="10", client_order_id="berg"))
    place(client, buy(quantity="25"))
    place(client, buy(price="140", **distant))
    place(client, buy(price="141", time_in_force="DAY", post_only=True, self_trade_prevention="CANCEL_BOTH"))
    place(client, stop())
    place(client, stop(type="STOP_LIMIT", price="148", **distant))
    place(client, stop(type="TRAILING_STOP", stop_price=None, trail_amount="5"))
    for user_id, limits in (("user123", {"max_order_quantity": "500"}), ("*", {"max_open_orders": 20})):
        assert client.put(f"/risk-limits/{user_id}", json=limits).status_code == 200
    place(client, buy(user_id="gone", price="142"))
    assert client.post("/users/gone/disable").status_code == 200
    for symbol, state in (("CALL", "PRE_OPEN"), ("STOPPED", "HALTED"), ("SHUT", "CLOSED")):
        assert client.post(f"/instruments/{symbol}/state", json={"state": state}).status_code == 200
    for order in (buy(price="151"), sell(price="149")):
        place(client, {**order, "symbol": "CALL"})


def everything_shown(client: FlaskClient) -> dict[str, Json]:
    return {path: answered(client.get(path)) for path in READS}


@contextmanager
def killed_and_served_again(directory: Path, copy: Path) -> Iterator[Served]:
    """Serve the data that a process killed now would leave."""
    shutil.copytree(directory, copy)
    with served_exchange(copy) as again:
        yield again


def live_hash(served: Served) -> str:
    state = served.exchange.close()
    assert state is not None
    return state_hash(state.dump())


@pytest.mark.parametrize("snapshot", [False, True])
@pytest.mark.parametrize("database_is_lost", [False, True])
def test_state_of_every_kind_survives_a_kill(tmp_path: Path, *, snapshot: bool, database_is_lost: bool) -> None:
    with served_exchange(tmp_path / "first") as served:
        put_everything_in(served.client)
        if snapshot:
            assert served.client.post("/admin/snapshot").status_code == 201
            place(served.client, buy(price="130"))
        before = everything_shown(served.client)
        shutil.copytree(tmp_path / "first", tmp_path / "second")
        hash_before = live_hash(served)
    if database_is_lost:
        for file in (tmp_path / "second").glob("exchange.db*"):
            file.unlink()

    with served_exchange(tmp_path / "second") as again:
        after = everything_shown(again.client)
        hash_after = live_hash(again)

    assert after == before
    assert hash_after == hash_before
    replayed = Recovery(tmp_path / "second", LocalDisk()).replay(None)
    assert state_hash(replayed.dump()) == hash_before


def test_what_survived_goes_on_as_before(tmp_path: Path) -> None:
    with served_exchange(tmp_path / "first") as served:
        put_everything_in(served.client)
        with killed_and_served_again(tmp_path / "first", tmp_path / "second") as again:
            client = again.client
            problem(client.post("/orders", json=buy(user_id="gone")), 422, "user_disabled")
            problem(client.post("/orders", json=buy(quantity="501")), 422, "risk_max_order_quantity")
            problem(client.post("/orders", json=buy(price="300")), 422, "price_out_of_band")
            problem(client.post("/orders", json=buy(symbol="STOPPED")), 422, "instrument_halted")
            problem(client.post("/orders", json=buy(symbol="SHUT")), 422, "market_closed")

            auction = client.post("/instruments/CALL/state", json={"state": "OPEN"})
            assert answered(auction)["state"] == "OPEN"
            assert answered(client.get("/trades?symbol=CALL"))["trades"][0]["auction"] is True
            berg = answered(client.get("/orders/by-client-id/berg?user_id=user456"))
            assert (berg["remaining_quantity"], berg["display_quantity"]) == ("75", "10")
            pending = answered(client.get("/orders?status=PENDING"))["orders"]
            place(client, buy(price="149", quantity="1"))
            place(client, sell(user_id="else", price="149", quantity="1"))

            # The stop sells far down, which triggers the others in turn.
            assert [order["type"] for order in pending] == ["TRAILING_STOP", "STOP_LIMIT", "STOP"]
            assert answered(client.get("/orders?status=PENDING"))["orders"] == []
