"""Idempotency-Key: a repeated request gets the first response again, and is carried out once."""

from pathlib import Path

import pytest

from tests.integration.api.orders import answered, buy, place, problem, sell
from tests.integration.api.served_exchange import Served, served_exchange

KEY = {"Idempotency-Key": "a key, 1"}


def test_repeated_order_gives_the_first_answer_and_places_nothing(served: Served) -> None:
    client = served.client
    first = client.post("/orders", json=buy(), headers=KEY)
    client.post("/orders", json=sell(quantity="5"))

    second = client.post("/api/v1/orders", json=dict(reversed(buy().items())), headers=KEY)

    assert (second.status_code, second.data) == (first.status_code, first.data)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["X-Sequence"] == first.headers["X-Sequence"]
    assert "Idempotent-Replayed" not in first.headers
    assert len(answered(client.get("/orders/user/user123"))["orders"]) == 1


def test_repeated_request_gives_its_first_answer_after_a_restart(tmp_path: Path) -> None:
    with served_exchange(tmp_path) as served:
        first = served.client.post("/orders", json=buy(), headers=KEY)

    with served_exchange(tmp_path) as served:
        second = served.client.post("/orders", json=buy(), headers=KEY)

    assert (second.status_code, second.data) == (first.status_code, first.data)
    assert second.headers["Idempotent-Replayed"] == "true"


def test_refusals_are_remembered_too(served: Served) -> None:
    client = served.client
    first = client.post("/orders", json=buy(price="1.001"), headers=KEY)
    second = client.post("/orders", json=buy(price="1.001"), headers=KEY)

    assert problem(second, 422, "tick_size")["order"] == answered(first)["order"]
    assert second.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/orders", buy(quantity="101")),
        ("POST", "/orders/batch", {"orders": [buy()]}),
        ("DELETE", "/orders?user_id=user123", None),
        ("DELETE", "/orders/by-client-id/mine?user_id=user123", None),
    ],
)
def test_key_used_for_another_request_is_refused(
    served: Served, method: str, path: str, body: dict[str, object] | None
) -> None:
    served.client.post("/orders", json=buy(), headers=KEY)

    response = served.client.open(path, method=method, json=body, headers=KEY)

    problem(response, 422, "idempotency_key_reused")


def test_key_is_that_of_the_user_whom_the_command_names(served: Served) -> None:
    first = served.client.post("/orders", json=buy(), headers=KEY)

    others = served.client.post("/orders", json=buy(user_id="other"), headers=KEY)

    assert others.status_code == 201
    assert answered(others)["order_id"] != answered(first)["order_id"]
    assert served.client.post("/orders", json=buy(), headers=KEY).data == first.data


@pytest.mark.parametrize("changed", [{"quantity": 100}, {"price": 150.5}, {"side": "buy"}, {"type": "limit"}])
def test_request_that_means_the_same_is_the_same(served: Served, changed: dict[str, object]) -> None:
    first = served.client.post("/orders", json=buy(type="LIMIT"), headers=KEY)

    again = served.client.post("/orders", json=buy(**{"type": "LIMIT", **changed}), headers=KEY)

    assert (again.status_code, again.data) == (first.status_code, first.data)


def test_key_may_be_in_the_body_instead(served: Served) -> None:
    client = served.client
    first = client.post("/orders", json=buy(), headers=KEY)

    again = client.post("/orders", json=buy(idempotency_key=KEY["Idempotency-Key"]))

    assert (again.data, again.headers["Idempotent-Replayed"]) == (first.data, "true")
    both = client.post("/orders", json=buy(idempotency_key="a"), headers=KEY)
    assert set(problem(both, 400, "invalid_fields")["errors"]) == {"idempotency_key"}


def test_key_used_with_other_parameters_is_refused(served: Served) -> None:
    assert served.client.delete("/orders?user_id=user123&side=BUY", headers=KEY).status_code == 200

    assert served.client.delete("/orders?side=BUY&user_id=user123", headers=KEY).status_code == 200
    problem(served.client.delete("/orders?user_id=user123", headers=KEY), 422, "idempotency_key_reused")


def test_cancels_amends_and_batches_are_replayed_as_they_were(served: Served) -> None:
    client = served.client
    order_id = answered(client.post("/orders", json=buy()))["order_id"]
    requests = [
        ("PUT", f"/orders/{order_id}", {"quantity": "10"}),
        ("POST", "/orders/batch", {"orders": [sell(quantity="1"), {"wrong": 1}]}),
        ("DELETE", f"/orders/{order_id}", None),
        ("DELETE", "/orders?user_id=user456", None),
        ("DELETE", "/orders/31337", None),
        ("DELETE", f"/orders/{order_id}?symbol=AAPL", None),
    ]

    for number, (method, path, body) in enumerate(requests):
        headers = {"Idempotency-Key": str(number), "X-Request-ID": "same"}
        first = client.open(path, method=method, json=body, headers=headers)
        second = client.open(path, method=method, json=body, headers=headers)

        assert (second.status_code, second.data) == (first.status_code, first.data)
        assert second.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("given_before", [True, False])
def test_refused_cancel_is_refused_alike_though_its_id_is_given_again(served: Served, *, given_before: bool) -> None:
    client, path = served.client, "/orders/by-client-id/mine?user_id=user123"
    if given_before:
        place(client, buy(client_order_id="mine"))
        client.delete(path)

    first = client.delete(path, headers=KEY)
    place(client, buy(client_order_id="mine"))
    again = client.delete(path, headers=KEY)

    assert first.status_code == again.status_code == (409 if given_before else 404)
    assert first.get_json().get("order") == again.get_json().get("order")


def test_wrong_form_is_not_remembered(served: Served) -> None:
    problem(served.client.post("/orders", json=buy(side="UP"), headers=KEY), 400, "invalid_fields")

    assert served.client.post("/orders", json=buy(), headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "ümlaut"])
def test_key_of_wrong_form_is_named(served: Served, key: str) -> None:
    response = served.client.post("/orders", json=buy(), headers={"Idempotency-Key": key})

    assert set(problem(response, 400, "invalid_fields")["errors"]) == {"Idempotency-Key"}
