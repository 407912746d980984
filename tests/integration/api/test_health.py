"""Health, and responses while the exchange is not open."""

from pathlib import Path

from flask.testing import FlaskClient

from order_engine.followers.progress import AUDIT, OK
from tests.integration.api.conftest import API_KEY
from tests.integration.api.orders import answered, buy, problem
from tests.integration.api.served_exchange import Served, served_exchange


def test_open_exchange_is_ok_and_ready(served: Served) -> None:
    served.client.post("/orders", json=buy())
    assert served.progress.wait_for(lambda: served.progress.of(AUDIT).status == OK, 5)

    for path in ("/health", "/healthz"):
        response = served.client.get(path)

        assert response.status_code == 200
        parts = answered(response)
        assert (parts.pop("sequence"), parts.pop("lag")["audit"] <= 2) == (2, True)
        assert {"status", "exchange", "database", "audit"} <= set(parts)
        assert set(parts.values()) == {"ok"}
    assert answered(served.client.get("/livez")) == {"status": "ok"}
    assert answered(served.client.get("/readyz")) == {"status": "ok"}


def test_starting_exchange_lives_but_serves_nothing(tmp_path: Path) -> None:
    with served_exchange(tmp_path, open_it=False) as served:
        client = served.client

        assert client.get("/livez").status_code == 200
        ready = client.get("/readyz")
        assert (ready.status_code, answered(ready)["status"]) == (503, "starting")
        assert set(answered(ready)["recovery"]) == {"bytes_read", "bytes_total"}
        assert (client.get("/health").status_code, answered(client.get("/health"))["status"]) == (503, "starting")
        for path in ("/orders", "/orders/1", "/trades", "/bbo/AAPL", "/market/AAPL", "/instruments"):
            response = client.get(path)
            problem(response, 503, "starting")
            assert int(response.headers["Retry-After"]) >= 1
        problem(client.post("/orders", json=buy()), 503, "starting")
        problem(client.post("/admin/snapshot"), 503, "snapshot_failed")


def test_halted_exchange_says_why_and_serves_nothing(served: Served) -> None:
    served.client.post("/orders", json=buy())

    served.exchange.halt(OSError("the disk is gone"))

    response = served.client.get("/health")
    assert (response.status_code, answered(response)["status"]) == (503, "halted")
    assert "the disk is gone" in answered(response)["exchange"]
    live = served.client.get("/livez")
    assert (live.status_code, answered(live)) == (503, {"status": "halted"})
    problem(served.client.post("/orders", json=buy()), 503, "halted")
    problem(served.client.get("/orders"), 503, "halted")
    problem(served.client.get("/market/AAPL/depth"), 503, "halted")


def test_only_admins_are_told_why_a_part_is_not_well(guarded: Served) -> None:
    guarded.exchange.halt(OSError("/secret/path is gone"))

    for path in ("/health", "/orders", "/market/AAPL"):
        told = [guarded.client.get(path, headers=headers).text for headers in ({}, {"X-API-Key": "wrong"})]
        assert [text for text in told if "secret" in text] == []
        assert "/secret/path" in guarded.client.get(path, headers={"X-API-Key": API_KEY}).text
    assert answered(guarded.client.get("/health"))["exchange"] == "degraded"


def test_json_is_neither_kept_nor_taken_for_something_else(client: FlaskClient) -> None:
    for path in ("/health", "/livez", "/orders", "/nothing", "/openapi.json"):
        headers = client.get(path).headers

        assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
