"""A yes/no market from its listing to its settlement, over HTTP; and instruments that are taken off the list."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.integration.api.orders import Json, answered, buy, place, problem, sell
from tests.integration.api.served_exchange import served_exchange


def list_rain(client: FlaskClient) -> None:
    limits = {"min_price": "0.01", "max_price": "0.99"}
    response = client.post("/instruments", json={"symbol": "RAIN", "lot_size": "1", **limits})
    assert response.status_code == 201, response.text


def hold(client: FlaskClient) -> None:
    """Ann buys 30 at 0.60 and 10 at 0.40 from bob; both keep orders, and cy a position in another instrument."""
    for price, quantity in (("0.60", "30"), ("0.40", "10")):
        place(client, sell(symbol="RAIN", user_id="bob", price=price, quantity=quantity))
        place(client, buy(symbol="RAIN", user_id="ann", price=price, quantity=quantity))
    place(client, buy(symbol="RAIN", user_id="ann", price="0.10", quantity="5"))
    place(client, sell(user_id="cy"))
    place(client, buy(user_id="ann"))


def settle(client: FlaskClient, price: str) -> Json:
    response = client.post("/instruments/RAIN/settle", json={"price": price})
    assert response.status_code == 200, response.text
    return answered(response)


def position(client: FlaskClient, user_id: str, symbol: str = "RAIN") -> Json:
    (held,) = [held for held in answered(client.get(f"/positions/{user_id}"))["positions"] if held["symbol"] == symbol]
    return held


@pytest.mark.parametrize(("price", "won"), [("1", "18.00"), ("0", "-22.00"), ("0.55", "0.00")])
def test_settlement_ends_positions_orders_and_the_market(client: FlaskClient, price: str, won: str) -> None:
    list_rain(client)
    hold(client)
    others = position(client, "ann", "AAPL")

    settled = settle(client, price)

    assert (settled["state"], float(settled["settlement_price"])) == ("CLOSED", float(price))
    assert answered(client.get("/instruments/RAIN")) == settled
    ann, bob = position(client, "ann"), position(client, "bob")
    assert (ann["net_quantity"], ann["average_price"], ann["total_cost"], ann["realized_pnl"]) == (
        "0",
        None,
        "0.00",
        won,
    )
    assert float(bob["realized_pnl"]) == -float(won)
    assert position(client, "ann", "AAPL") == others
    (order,) = answered(client.get("/orders?symbol=RAIN&status=CANCELED"))["orders"]
    assert (order["user_id"], order["reason"], order["remaining_quantity"]) == ("ann", "settled", "0")
    market = answered(client.get("/market/RAIN"))
    assert (market["state"], market["best_bid"], market["last_price"]) == ("CLOSED", None, "0.40")


def test_what_was_settled_stays_closed(client: FlaskClient) -> None:
    list_rain(client)
    hold(client)
    settle(client, "1")

    problem(client.post("/orders", json=buy(symbol="RAIN", price="0.50", quantity="1")), 422, "market_closed")
    problem(client.post("/instruments/RAIN/settle", json={"price": "0"}), 422, "market_closed")
    problem(client.post("/instruments/RAIN/state", json={"state": "OPEN"}), 422, "market_closed")
    problem(client.patch("/instruments/RAIN", json={"max_price": None}), 422, "market_closed")
    assert position(client, "ann")["realized_pnl"] == "18.00"


def test_repeated_settlement_is_carried_out_once(client: FlaskClient) -> None:
    list_rain(client)
    headers = {"Idempotency-Key": "end of rain"}

    first = client.post("/instruments/RAIN/settle", json={"price": "1"}, headers=headers)
    again = client.post("/instruments/RAIN/settle", json={"price": "1.0"}, headers=headers)

    assert (first.status_code, again.status_code) == (200, 200)
    assert answered(again) == answered(first)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_settlement_of_wrong_form_or_of_nothing_is_refused(client: FlaskClient) -> None:
    list_rain(client)

    for body in ({}, {"price": "-1"}, {"price": "0.123456789"}, {"price": "x"}, {"price": None}):
        response = client.post("/instruments/RAIN/settle", json=body)
        assert set(problem(response, 400, "invalid_fields")["errors"]) == {"price"}
    problem(client.post("/instruments/NONE/settle", json={"price": "1"}), 404, "unknown_symbol")


def test_settlement_is_the_same_after_a_restart(tmp_path: Path) -> None:
    with served_exchange(tmp_path) as served:
        list_rain(served.client)
        hold(served.client)
        before = settle(served.client, "1")

    with served_exchange(tmp_path) as served:
        assert answered(served.client.get("/instruments/RAIN")) == before
        assert position(served.client, "ann")["realized_pnl"] == "18.00"
        problem(served.client.post("/instruments/RAIN/settle", json={"price": "0"}), 422, "market_closed")


def test_instrument_that_never_traded_is_taken_off_the_list_and_listed_again(client: FlaskClient) -> None:
    order = place(client, buy(symbol="TYPO"))
    problem(client.delete("/instruments/TYPO"), 422, "invalid_instruction")
    client.delete(f"/orders/{order['order_id']}")
    headers = {"Idempotency-Key": "k"}

    gone = client.delete("/instruments/TYPO", headers=headers)
    again = client.delete("/instruments/TYPO", headers=headers)

    assert (gone.status_code, answered(gone)) == (200, {"symbol": "TYPO"})
    assert (again.status_code, answered(again)) == (200, {"symbol": "TYPO"})
    for path in ("/instruments/TYPO", "/market/TYPO", "/orderbook/TYPO"):
        problem(client.get(path), 404, "unknown_symbol")
    assert answered(client.get("/instruments"))["instruments"] == []
    assert answered(client.get(f"/orders/{order['order_id']}"))["status"] == "CANCELED"
    problem(client.delete("/instruments/TYPO"), 404, "unknown_symbol")
    listed = client.post("/instruments", json={"symbol": "TYPO", "tick_size": "0.5"})
    assert (listed.status_code, answered(listed)["tick_size"]) == (201, "0.5")


def test_instrument_that_has_traded_stays_listed(client: FlaskClient) -> None:
    place(client, sell())
    place(client, buy())

    problem(client.delete("/instruments/AAPL"), 422, "invalid_instruction")

    assert answered(client.get("/instruments/AAPL"))["symbol"] == "AAPL"
