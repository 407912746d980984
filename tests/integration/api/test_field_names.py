"""Other names of fields are accepted; unknown names are refused with a hint."""

import pytest
from flask.testing import FlaskClient

from tests.integration.api.orders import answered, buy, place, problem


def under(other: str, ours: str) -> dict[str, object]:
    order = buy(type="LIMIT")
    order[other] = order.pop(ours)
    return order


@pytest.mark.parametrize(
    ("other", "ours"), [("order_type", "type"), ("instrument", "symbol"), ("client_id", "user_id")]
)
def test_other_name_is_taken_but_not_both(client: FlaskClient, other: str, ours: str) -> None:
    assert place(client, under(other, ours))[ours] == buy(type="LIMIT")[ours]

    both = client.post("/orders", json={**under(other, ours), ours: buy(type="LIMIT")[ours]})

    assert set(problem(both, 400, "invalid_fields")["errors"]) == {other}


def test_other_name_is_taken_in_batches_and_parameters(client: FlaskClient) -> None:
    batch = {"orders": [under("client_id", "user_id"), {**buy(), "instrument": "AAPL"}]}

    first, second = answered(client.post("/orders/batch", json=batch))["results"]

    assert first["order"]["user_id"] == "user123"
    assert set(second["problem"]["errors"]) == {"instrument"}
    orders = answered(client.get("/orders?client_id=user123&instrument=AAPL"))["orders"]
    assert [order["order_id"] for order in orders] == [first["order"]["order_id"]]


def test_wrong_value_is_named_as_it_was_sent(client: FlaskClient) -> None:
    order = {**under("instrument", "symbol"), "instrument": "A B"}

    assert set(problem(client.post("/orders", json=order), 400, "invalid_fields")["errors"]) == {"instrument"}


@pytest.mark.parametrize(
    ("sent", "hint"),
    [
        ("quantitiy", "Unknown field; did you mean quantity?"),
        ("timeInForce", "Unknown field; did you mean time_in_force?"),
        ("colour", "Unknown field."),
        ("x" * 1_000, "Unknown field."),
    ],
)
def test_unknown_field_is_told_the_nearest_name(client: FlaskClient, sent: str, hint: str) -> None:
    errors = problem(client.post("/orders", json=buy(**{sent: "1"})), 400, "invalid_fields")["errors"]

    assert errors == {sent[:64]: [hint]}


def test_unknown_parameter_is_told_the_nearest_name(client: FlaskClient) -> None:
    response = client.get("/orders?usr_id=ann&colour=red")

    assert problem(response, 400, "invalid_fields")["errors"] == {
        "usr_id": ["Unknown parameter; did you mean user_id?"],
        "colour": ["Unknown parameter."],
    }


def test_order_needs_no_owner(client: FlaskClient) -> None:
    order = buy()
    del order["user_id"]

    placed = place(client, order)

    assert placed["user_id"] is None
    assert answered(client.get(f"/orders/{placed['order_id']}"))["user_id"] is None


def test_other_names_are_documented(client: FlaskClient) -> None:
    page = client.get("/docs").text

    for name in ("order_type", "instrument", "client_id", "idempotency_key"):
        assert f"<code>{name}</code>" in page


def test_integers_are_taken_for_ids(client: FlaskClient) -> None:
    placed = place(client, buy(user_id=7, client_order_id=8))

    assert (placed["user_id"], placed["client_order_id"]) == ("7", "8")
    assert len(answered(client.get("/orders?user_id=7&client_order_id=8"))["orders"]) == 1
    canceled = answered(client.post("/orders/cancel", json={"order_id": int(placed["order_id"])}))
    assert (canceled["order_id"], canceled["status"]) == (placed["order_id"], "CANCELED")


@pytest.mark.parametrize("user_id", [-7, 7.5, True, 10**30])
def test_other_numbers_are_not_taken_for_ids(client: FlaskClient, user_id: object) -> None:
    assert set(problem(client.post("/orders", json=buy(user_id=user_id)), 400, "invalid_fields")["errors"]) == {
        "user_id"
    }
