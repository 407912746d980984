"""``API_KEY``: with it set, everything but market data needs it."""

import pytest

from tests.integration.api.conftest import API_KEY
from tests.integration.api.orders import buy, problem
from tests.integration.api.served_exchange import Served

WRITES = [
    ("POST", "/orders"),
    ("POST", "/orders/batch"),
    ("PUT", "/orders/1"),
    ("PATCH", "/orders/1"),
    ("DELETE", "/orders/1"),
    ("POST", "/orders/cancel"),
    ("PATCH", "/orders/by-client-id/a?user_id=u"),
    ("DELETE", "/orders/by-client-id/a?user_id=u"),
    ("DELETE", "/orders?user_id=u"),
    ("POST", "/instruments"),
    ("PATCH", "/instruments/AAPL"),
    ("POST", "/admin/snapshot"),
    ("POST", "/admin/clock"),
]


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
@pytest.mark.parametrize(("method", "path"), WRITES)
def test_write_without_the_key_is_kept_out(guarded: Served, method: str, path: str, prefix: str) -> None:
    before = guarded.exchange.visible_sequence

    for headers in ({}, {"X-API-Key": "wrong"}, {"X-API-Key": ""}, {"Authorization": "Basic x"}, {"X-API-Key": "ä"}):
        response = guarded.client.open(prefix + path, method=method, json={}, headers=headers)

        problem(response, 401, "unauthorized")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert guarded.exchange.visible_sequence == before


@pytest.mark.parametrize(
    "headers", [{"X-API-Key": API_KEY}, {"Authorization": f"Bearer {API_KEY}"}, {"Authorization": f"bearer  {API_KEY}"}]
)
def test_write_with_the_key_is_let_in(guarded: Served, headers: dict[str, str]) -> None:
    assert guarded.client.post("/orders", json=buy(), headers=headers).status_code == 201


def test_market_data_stays_open(guarded: Served) -> None:
    for path in ("/trades", "/instruments", "/market", "/health", "/openapi.json", "/docs", "/"):
        assert guarded.client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/orders", "/orders/1", "/orders/user/u", "/positions/u", "/risk-limits/u"])
def test_what_belongs_to_users_needs_the_key(guarded: Served, path: str) -> None:
    """With ``API_KEY`` set everybody could read everybody's orders and positions."""
    problem(guarded.client.get(path), 401, "unauthorized")
    assert guarded.client.get(path, headers={"X-API-Key": API_KEY}).status_code in (200, 404)


def test_without_a_configured_key_writes_are_open(served: Served) -> None:
    assert served.client.post("/orders", json=buy(), headers={"X-API-Key": "any"}).status_code == 201
