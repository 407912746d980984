"""Amending and canceling: PUT, PATCH, DELETE, POST /orders/cancel, by the client's own id, and of all."""

import pytest
from flask.testing import FlaskClient

from tests.integration.api.orders import answered, buy, place, problem, sell


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_amend_answers_with_the_amended_order(client: FlaskClient, method: str) -> None:
    order = place(client, buy())

    response = client.open(f"/orders/{order['order_id']}", method=method, json={"quantity": 50, "price": "151.00"})

    amended = answered(response)
    assert response.status_code == 200
    assert (amended["quantity"], amended["price"], amended["status"]) == ("50", "151.00", "OPEN")
    assert int(response.headers["X-Sequence"]) > order["sequence"]


def test_amend_that_crosses_answers_with_the_trades_it_made(client: FlaskClient) -> None:
    order = place(client, buy(price="150.00"))
    place(client, sell(price="151.00", quantity="30"))

    amended = answered(client.put(f"/orders/{order['order_id']}", json={"price": "151"}))

    assert (amended["status"], amended["filled_quantity"]) == ("PARTIALLY_FILLED", "30")
    assert [trade["price"] for trade in amended["trades"]] == ["151.00"]


def test_amend_to_nothing_cancels(client: FlaskClient) -> None:
    order = place(client, buy())

    amended = answered(client.patch(f"/orders/{order['order_id']}", json={"quantity": 0}))

    assert (amended["status"], amended["reason"]) == ("CANCELED", "user_requested")


def test_amend_that_the_rulebook_refuses_leaves_the_order(client: FlaskClient) -> None:
    order = place(client, buy())

    problem(client.put(f"/orders/{order['order_id']}", json={"price": "150.001"}), 422, "tick_size")

    assert answered(client.get(f"/orders/{order['order_id']}"))["price"] == "150.50"


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "quantity"), ({"price": "0"}, "price"), ({"quantity": -1}, "quantity"), ({"side": "SELL"}, "side")],
)
def test_amend_of_wrong_form_names_the_field(client: FlaskClient, body: dict[str, object], field: str) -> None:
    order = place(client, buy())

    response = client.put(f"/orders/{order['order_id']}", json=body)

    assert field in problem(response, 400, "invalid_fields")["errors"]


def test_cancel_answers_with_the_canceled_order(client: FlaskClient) -> None:
    order = place(client, buy())

    response = client.delete(f"/orders/{order['order_id']}?symbol=aapl")

    canceled = answered(response)
    assert response.status_code == 200
    assert (canceled["status"], canceled["reason"], canceled["remaining_quantity"]) == (
        "CANCELED",
        "user_requested",
        "0",
    )


def test_cancel_by_body_does_the_same(client: FlaskClient) -> None:
    order = place(client, buy())

    response = client.post("/orders/cancel", json={"order_id": order["order_id"], "symbol": "AAPL"})

    assert answered(response)["status"] == "CANCELED"


def test_cancel_with_the_wrong_symbol_is_unknown_and_changes_nothing(client: FlaskClient) -> None:
    order = place(client, buy())

    problem(client.delete(f"/orders/{order['order_id']}?symbol=MSFT"), 404, "unknown_order")
    problem(client.post("/orders/cancel", json={"order_id": order["order_id"], "symbol": "MSFT"}), 404, "unknown_order")
    problem(client.put(f"/orders/{order['order_id']}?symbol=MSFT", json={"price": 1}), 404, "unknown_order")

    assert answered(client.get(f"/orders/{order['order_id']}"))["status"] == "OPEN"


def test_change_of_an_order_that_never_was_is_unknown(client: FlaskClient) -> None:
    problem(client.delete("/orders/12345"), 404, "unknown_order")
    problem(client.put("/orders/12345", json={"price": 1}), 404, "unknown_order")


def test_repeated_cancel_of_an_order_that_came_later_is_still_unknown(client: FlaskClient) -> None:
    sequence = int(client.post("/orders", json=buy()).headers["X-Sequence"])
    key = {"Idempotency-Key": "early"}
    problem(client.delete(f"/orders/{sequence + 2}", headers=key), 404, "unknown_order")
    assert place(client, buy(type="IOC"))["order_id"] == str(sequence + 2)

    problem(client.delete(f"/orders/{sequence + 2}", headers=key), 404, "unknown_order")
    problem(client.delete(f"/orders/{sequence + 2}"), 409, "order_final")


def test_change_of_a_final_order_is_a_conflict_that_shows_it(client: FlaskClient) -> None:
    order = place(client, buy())
    client.delete(f"/orders/{order['order_id']}")

    for response in (
        client.delete(f"/orders/{order['order_id']}"),
        client.put(f"/orders/{order['order_id']}", json={"quantity": 1}),
        client.post("/orders/cancel", json={"order_id": order["order_id"]}),
    ):
        assert problem(response, 409, "order_final")["order"]["status"] == "CANCELED"


def test_client_finds_amends_and_cancels_by_its_own_id(client: FlaskClient) -> None:
    place(client, buy(client_order_id="my/own:id"))
    path = "/orders/by-client-id/my/own:id?user_id=user123"

    found = answered(client.get(path))
    amended = answered(client.patch(path, json={"quantity": "10"}))
    canceled = answered(client.delete(path))

    assert (found["quantity"], amended["quantity"], canceled["status"]) == ("100", "10", "CANCELED")
    problem(client.delete(path), 409, "order_final")
    problem(client.delete(path.replace("user123", "other")), 404, "unknown_order")
    problem(client.get(path.replace("user123", "other")), 404, "unknown_order")


def test_client_id_without_its_user_is_wrong(client: FlaskClient) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        response = client.open("/orders/by-client-id/mine", method=method, json={"quantity": 1})

        assert set(problem(response, 400, "invalid_fields")["errors"]) == {"user_id"}


def test_mass_cancel_takes_only_what_it_names(client: FlaskClient) -> None:
    first = place(client, buy())["order_id"]
    other_side = place(client, buy(side="SELL", price="160"))["order_id"]
    other_symbol = place(client, buy(symbol="MSFT"))["order_id"]
    others = place(client, sell(price="161"))["order_id"]

    by_side = answered(client.delete("/orders?user_id=user123&symbol=AAPL&side=buy"))
    rest = answered(client.delete("/orders?user_id=user123"))

    assert by_side == {"canceled": [first]}
    assert rest == {"canceled": [other_side, other_symbol]}
    assert answered(client.get(f"/orders/{others}"))["status"] == "OPEN"


def test_mass_cancel_must_name_a_user(client: FlaskClient) -> None:
    assert set(problem(client.delete("/orders?symbol=AAPL"), 400, "invalid_fields")["errors"]) == {"user_id"}
