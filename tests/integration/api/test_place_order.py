"""POST /orders."""

import pytest
from flask.testing import FlaskClient

from tests.integration.api.orders import answered, buy, place, problem, sell

ORDER_FIELDS = {
    *("order_id", "client_order_id", "user_id", "symbol", "side", "type", "time_in_force", "price", "stop_price"),
    *("trail_amount", "display_quantity", "post_only", "self_trade_prevention", "expire_at", "quantity"),
    *("filled_quantity", "remaining_quantity", "average_price", "status", "reason", "sequence"),
    *("created_at", "updated_at"),
}


def test_order_without_other_side_rests_and_is_answered_whole(client: FlaskClient) -> None:
    response = client.post("/orders", json=buy(client_order_id="mine"))

    order = answered(response)
    assert response.status_code == 201
    assert set(order) == ORDER_FIELDS | {"trades", "trades_cursor"}
    assert order == order | {
        "order_id": str(order["sequence"]),
        "client_order_id": "mine",
        "user_id": "user123",
        "symbol": "AAPL",
        "side": "BUY",
        "type": "LIMIT",
        "time_in_force": "GTC",
        "price": "150.50",
        "post_only": False,
        "quantity": "100",
        "filled_quantity": "0",
        "remaining_quantity": "100",
        "average_price": None,
        "status": "OPEN",
        "reason": None,
        "trades": [],
    }
    assert order["created_at"] == order["updated_at"]
    assert order["created_at"].endswith("Z")
    assert len(order["created_at"]) == len("2026-11-21T07:58:00.000001Z")
    assert response.headers["X-Sequence"] == str(order["sequence"])


def test_crossing_order_is_answered_with_its_trades(client: FlaskClient) -> None:
    first = place(client, sell(price="150.10", quantity="0.5"))
    second = place(client, sell(price="150.20", quantity="1"))

    order = place(client, buy(quantity="1"))

    assert order["status"] == "FILLED"
    assert order["average_price"] == "150.15"
    assert [trade["price"] for trade in order["trades"]] == ["150.10", "150.20"]
    trade = order["trades"][0]
    assert trade == {
        "trade_id": f"{order['sequence']}-1",
        "symbol": "AAPL",
        "price": "150.10",
        "quantity": "0.5",
        "buy_order_id": order["order_id"],
        "sell_order_id": first["order_id"],
        "maker_order_id": first["order_id"],
        "taker_order_id": order["order_id"],
        "taker_side": "BUY",
        "auction": False,
        "sequence": order["sequence"],
        "executed_at": order["updated_at"],
    }
    assert order["trades"][1]["maker_order_id"] == second["order_id"]


@pytest.mark.parametrize(
    ("body", "price", "quantity"),
    [
        ('"quantity": 1e2, "price": 150.50', "150.50", "100"),
        ('"quantity": "1E2", "price": "150.5"', "150.50", "100"),
        ('"quantity": 0.1, "price": 0.30', "0.30", "0.1"),
        ('"quantity": 100.00000001, "price": 9007199254740993', "9007199254740993", "100.00000001"),
    ],
)
def test_numbers_are_read_exactly(client: FlaskClient, body: str, price: str, quantity: str) -> None:
    text = f'{{"user_id": "u", "symbol": "AAPL", "side": "BUY", {body}}}'

    response = client.post("/orders", data=text, content_type="application/json")

    if len(price) > 10:
        assert "price" in problem(response, 400, "invalid_fields")["errors"]
    else:
        order = answered(response)
        assert (order["price"], order["quantity"]) == (price, quantity)


def test_words_are_taken_in_any_case_and_symbols_folded_up(client: FlaskClient) -> None:
    order = place(client, buy(side="buy", type="limit", time_in_force="gtc", symbol="aapl"))

    assert (order["side"], order["type"], order["time_in_force"], order["symbol"]) == ("BUY", "LIMIT", "GTC", "AAPL")


@pytest.mark.parametrize(("kind", "reason"), [("IOC", "ioc_remainder"), ("FOK", "fok_unfilled")])
def test_type_that_is_short_for_a_time_in_force_is_understood(client: FlaskClient, kind: str, reason: str) -> None:
    order = place(client, buy(type=kind))

    assert (order["type"], order["time_in_force"]) == ("LIMIT", kind)
    assert (order["status"], order["reason"]) == ("CANCELED", reason)


def test_market_order_without_other_side_is_canceled(client: FlaskClient) -> None:
    order = place(client, {"user_id": "u", "symbol": "AAPL", "side": "SELL", "quantity": 5, "type": "MARKET"})

    assert (order["status"], order["reason"], order["price"]) == ("CANCELED", "no_liquidity", None)


def test_null_fields_are_as_if_absent(client: FlaskClient) -> None:
    order = place(client, buy(client_order_id=None, post_only=None, type=None))

    assert (order["client_order_id"], order["post_only"], order["type"]) == (None, False, "LIMIT")


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (buy(price="150.505"), "tick_size"),
        (buy(post_only=True, price="160"), "post_only_would_take"),
        (sell(client_order_id="taken"), "duplicate_order_id"),
    ],
)
def test_refusal_by_the_rulebook_shows_the_rejected_order(
    client: FlaskClient, order: dict[str, object], reason: str
) -> None:
    place(client, sell(price="155", client_order_id="taken"))

    response = client.post("/orders", json=order)

    refused = problem(response, 422, reason)["order"]
    assert set(refused) == ORDER_FIELDS
    assert (refused["status"], refused["reason"], refused["remaining_quantity"]) == ("REJECTED", reason, "0")
    assert response.headers["X-Sequence"] == str(refused["sequence"])
    assert answered(client.get(f"/orders/{refused['order_id']}"))["status"] == "REJECTED"


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({key: value for key, value in buy().items() if key != "price"}, "price"),
        (buy(type="MARKET"), "price"),
        (buy(type="IOC", post_only=True), "post_only"),
        (buy(type="IOC", time_in_force="FOK"), "time_in_force"),
        (buy(display_quantity="101"), "display_quantity"),
        (buy(type="IOC", display_quantity="10"), "display_quantity"),
        (buy(stop_price="10"), "stop_price"),
        (buy(type="STOP", stop_price="10"), "price"),
        (buy(type="STOP_LIMIT"), "stop_price"),
        (buy(type="TRAILING_STOP", price=None), "trail_amount"),
        (buy(type="STOP", price=None, stop_price="10", time_in_force="IOC"), "time_in_force"),
        (buy(time_in_force="GTD"), "expire_at"),
        (buy(expire_at="2036-01-01T00:00:00Z"), "expire_at"),
    ],
)
def test_instructions_that_do_not_go_together_are_wrong_form(
    client: FlaskClient, order: dict[str, object], field: str
) -> None:
    response = client.post("/orders", json=order)

    assert field in problem(response, 400, "invalid_fields")["errors"]
    assert answered(client.get("/orders"))["orders"] == []
