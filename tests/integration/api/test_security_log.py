"""The security log of an exchange: its start, its halt and its stop, and the actor of what an admin's key did."""

import json
from pathlib import Path
from typing import Any

from order_engine.exchange.errors import ExchangeHalted
from tests.integration.api.keyed import keyed_exchange
from tests.integration.api.orders import buy
from tests.integration.api.served_exchange import served_exchange


def lines(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "security.log").read_text("utf-8").splitlines()]


def test_start_halt_and_stop_are_told_without_what_the_fault_says(tmp_path: Path) -> None:
    with served_exchange(tmp_path) as served:
        served.exchange.halt(ExchangeHalted("a path, a host, a secret"))
        served.venue.admission.step()
        served.venue.admission.step()

    told = lines(tmp_path)
    assert [line["event"] for line in told] == ["start", "halt", "stop"]
    assert told[0]["open"] is True
    assert told[1]["fault"] == "ExchangeHalted"
    assert "secret" not in str(told)


def test_log_that_cannot_be_written_degrades_health_and_nothing_else(tmp_path: Path) -> None:
    with keyed_exchange(tmp_path) as keyed:
        (tmp_path / "security.log").unlink()
        (tmp_path / "security.log").mkdir()
        assert keyed.alice.post("/orders", json=buy(user_id="alice")).status_code == 201
        keyed.served.venue.admission.step()

        assert "security log" in keyed.admin.get("/health").get_json()["keys"]
        assert keyed.stranger.get("/health").get_json()["keys"] == "degraded"
        (tmp_path / "security.log").rmdir()
        keyed.served.venue.admission.step()
        assert keyed.admin.get("/health").get_json()["keys"] == "ok"
        assert lines(tmp_path)[0]["event"] == "accepted"


def test_what_an_admins_key_does_for_a_user_is_told_as_the_admins(tmp_path: Path) -> None:
    with keyed_exchange(tmp_path) as keyed:
        order_id = keyed.alice.post("/orders", json=buy(user_id="alice")).get_json()["order_id"]
        keyed.admin.delete(f"/orders/{order_id}")
        keyed.alice.last_sequence = keyed.admin.last_sequence  # type: ignore[attr-defined]  # of ReadingItsWrites

        events = keyed.alice.get(f"/orders/{order_id}/events").get_json()["events"]

    assert [(event["event"], event["actor"]) for event in events] == [
        ("accepted", None),
        ("canceled", "the holder of the key admin-1"),
    ]
