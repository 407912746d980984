"""Paths: a slash at the end changes nothing, unless it belongs to an id."""

import pytest
from flask.testing import FlaskClient

from tests.integration.api.orders import answered, buy, place, problem


@pytest.mark.parametrize(
    "path",
    [
        *("/orders", "/api/v1/orders", "/orders/2", "/orders/user/user123", "/positions/user123", "/market/AAPL/depth"),
        *("/bbo/AAPL", "/health", "/instruments", "/openapi.json", "/docs"),
    ],
)
def test_slash_at_the_end_is_taken_for_none(client: FlaskClient, path: str) -> None:
    place(client, buy())

    with_slash, without = client.get(f"{path}/"), client.get(path)

    assert (with_slash.status_code, with_slash.data) == (without.status_code, without.data)
    assert with_slash.status_code == 200


def test_order_is_placed_at_a_path_with_a_slash_at_the_end(client: FlaskClient) -> None:
    first = client.post("/orders", json=buy(), headers={"Idempotency-Key": "k"})
    again = client.post("/api/v1/orders/", json=buy(), headers={"Idempotency-Key": "k"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert answered(again) == answered(first)


def test_encoded_slash_at_the_end_belongs_to_the_id(client: FlaskClient) -> None:
    for client_order_id in ("mine", "mine/"):
        place(client, buy(client_order_id=client_order_id))

    for path, found in (("mine", "mine"), ("mine/", "mine"), ("mine%2F", "mine/"), ("mine%2f", "mine/")):
        order = answered(client.get(f"/orders/by-client-id/{path}?user_id=user123"))
        assert order["client_order_id"] == found


def test_two_slashes_at_the_end_are_not_found(client: FlaskClient) -> None:
    problem(client.get("/orders//"), 404, "not_found")
    problem(client.get("/health//"), 404, "not_found")


@pytest.mark.parametrize("path", ["/orders/user/a%0Ab", "/positions/a%0A", "/orders/by-client-id/a%0Ab?user_id=x"])
def test_line_break_in_an_id_is_refused_as_no_id(client: FlaskClient, path: str) -> None:
    problem(client.get(path), 400, "invalid_fields")
