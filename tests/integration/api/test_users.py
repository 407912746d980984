"""Limits, the kill switch, positions and candles, through HTTP."""

import pytest
from flask.testing import FlaskClient

from tests.integration.api.conftest import API_KEY
from tests.integration.api.orders import Json, answered, buy, place, problem, sell
from tests.integration.api.served_exchange import Served

NO_LIMITS = dict.fromkeys(("max_order_quantity", "max_order_notional", "max_open_orders", "max_position"))


def limit(client: FlaskClient, user_id: str, **limits: object) -> Json:
    response = client.put(f"/risk-limits/{user_id}", json=limits)
    assert response.status_code == 200, response.text
    return answered(response)


def test_limits_are_set_whole_and_shown(client: FlaskClient) -> None:
    first = limit(client, "user123", max_order_quantity="1000", max_order_notional="1e6", max_open_orders=50)
    second = limit(client, "user123", max_position="0.5")

    known = {"user_id": "user123", "is_own": True, "is_enabled": True, **NO_LIMITS}
    assert first == {
        **known,
        "max_order_quantity": "1000",
        "max_order_notional": "1000000",
        "max_open_orders": 50,
    }
    assert second == answered(client.get("/risk-limits/user123")) == {**known, "max_position": "0.5"}


def test_users_without_limits_of_their_own_have_those_of_everybody(client: FlaskClient) -> None:
    unlimited = answered(client.get("/risk-limits/user123"))
    limit(client, "*", max_open_orders=0)

    assert unlimited == {"user_id": "user123", "is_own": False, "is_enabled": True, **NO_LIMITS}
    shown = answered(client.get("/risk-limits/user123"))
    assert (shown["is_own"], shown["max_open_orders"]) == (False, 0)
    assert answered(client.get("/risk-limits/*"))["is_own"] is True
    problem(client.post("/orders", json=buy()), 422, "risk_max_open_orders")
    limit(client, "user123")
    place(client, buy())


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_order_quantity": "99"}, "risk_max_order_quantity"),
        ({"max_order_notional": "15049.99"}, "risk_max_order_notional"),
        ({"max_open_orders": 1}, "risk_max_open_orders"),
        ({"max_position": "199"}, "risk_max_position"),
    ],
)
def test_order_beyond_a_limit_is_refused(client: FlaskClient, limits: Json, code: str) -> None:
    place(client, buy())
    limit(client, "user123", **limits)

    refused = problem(client.post("/orders", json=buy()), 422, code)["order"]

    assert (refused["status"], refused["reason"]) == ("REJECTED", code)


def test_amend_beyond_a_limit_is_refused(client: FlaskClient) -> None:
    order = place(client, buy())
    limit(client, "user123", max_order_quantity="100")

    response = client.patch(f"/orders/{order['order_id']}", json={"quantity": "101"})

    problem(response, 422, "risk_max_order_quantity")


@pytest.mark.parametrize(
    ("field", "value"),
    [("max_open_orders", -1), ("max_open_orders", "5"), ("max_position", "x"), ("max_orders", 1), ("user_id", "x")],
)
def test_limit_of_wrong_form_is_named(client: FlaskClient, field: str, value: object) -> None:
    response = client.put("/risk-limits/user123", json={field: value})

    assert set(problem(response, 400, "invalid_fields")["errors"]) == {field}


def test_disabled_user_has_no_orders_and_places_none_until_enabled(client: FlaskClient) -> None:
    orders = [place(client, buy(price="140")), place(client, buy(symbol="MSFT"))]
    other = place(client, sell())

    disabled = answered(client.post("/users/user123/disable"))
    again = answered(client.post("/users/user123/disable"))
    refused = client.post("/orders", json=buy())
    shown = answered(client.get("/risk-limits/user123"))["is_enabled"]
    enabled = answered(client.post("/users/user123/enable"))

    canceled = [order["order_id"] for order in orders]
    assert disabled == {"user_id": "user123", "is_enabled": False, "canceled": canceled}
    assert again["canceled"] == []
    assert problem(refused, 422, "user_disabled")["order"]["status"] == "REJECTED"
    assert shown is False
    assert enabled == {"user_id": "user123", "is_enabled": True, "canceled": []}
    place(client, buy(price="140"))
    assert answered(client.get(f"/orders/{canceled[0]}"))["reason"] == "user_disabled"
    assert answered(client.get(f"/orders/{other['order_id']}"))["status"] == "OPEN"


def test_everybody_is_stopped_until_everybody_is_enabled(client: FlaskClient) -> None:
    """It said done, and stopped nobody."""
    orders = [place(client, order) for order in (buy(price="140"), buy(user_id=None, symbol="MSFT"), sell())]
    client.post("/users/user456/disable")

    disabled = answered(client.post("/users/*/disable"))
    refused = [client.post("/orders", json=buy(user_id=user_id)) for user_id in ("user123", "new", None)]
    one_enabled = answered(client.post("/users/user123/enable"))
    shown = [answered(client.get(f"/risk-limits/{user_id}"))["is_enabled"] for user_id in ("user123", "*")]
    enabled = answered(client.post("/users/*/enable"))

    canceled = [order["order_id"] for order in orders if order["user_id"] != "user456"]
    assert disabled == {"user_id": "*", "is_enabled": False, "canceled": canceled}
    for response in refused:
        problem(response, 422, "user_disabled")
    assert one_enabled == {"user_id": "user123", "is_enabled": False, "canceled": []}
    assert shown == [False, False]
    assert enabled == {"user_id": "*", "is_enabled": True, "canceled": []}
    place(client, buy(price="140"))
    problem(client.post("/orders", json=sell()), 422, "user_disabled")


def test_nobody_places_orders_as_everybody(client: FlaskClient) -> None:
    assert set(problem(client.post("/orders", json=buy(user_id="*")), 400, "invalid_fields")["errors"]) == {"user_id"}


def test_positions_are_those_of_the_trades(client: FlaskClient) -> None:
    place(client, sell(price="100", quantity="10"))
    place(client, buy(price="100", quantity="10"))
    place(client, buy(price="110", quantity="4"))
    last = place(client, sell(price="110", quantity="4"))
    place(client, buy(user_id="user456", price="120", quantity="15"))
    place(client, sell(user_id="user123", price="120", quantity="15"))
    place(client, sell(symbol="MSFT", price="1", quantity="3"))
    place(client, buy(symbol="MSFT", price="1", quantity="3"))

    buyer = answered(client.get("/positions/user123"))
    seller = answered(client.get("/positions/user456"))

    assert buyer["user_id"] == "user123"
    aapl, msft = buyer["positions"]
    times = {aapl.pop("last_updated"), msft.pop("last_updated")}
    assert all(time >= last["created_at"] for time in times)
    # 14 for 1440 were sold at 120, and 1 more.
    assert aapl == {
        "symbol": "AAPL",
        "net_quantity": "-1",
        "average_price": "120.00",
        "total_cost": "-120.00",
        "realized_pnl": "240.00",
    }
    assert (msft["net_quantity"], msft["average_price"], msft["total_cost"]) == ("3", "1.00", "3.00")
    assert (seller["positions"][0]["net_quantity"], seller["positions"][0]["realized_pnl"]) == ("1", "-240.00")


def test_averages_are_rounded_to_eight_decimals_half_even(client: FlaskClient) -> None:
    for price, quantity in (("1", "1"), ("2", "2")):
        place(client, sell(price=price, quantity=quantity))
        place(client, buy(price=price, quantity=quantity))
    place(client, sell(user_id="user123", price="2", quantity="1"))
    place(client, buy(user_id="user456", price="2", quantity="1"))

    (held,) = answered(client.get("/positions/user123"))["positions"]

    assert (held["average_price"], held["total_cost"], held["realized_pnl"]) == (
        *("1.66666667", "3.33333333", "0.33333333"),
    )


def test_closed_position_stays_with_what_it_earned(client: FlaskClient) -> None:
    for seller, buyer, price in (("a", "b", "100"), ("b", "a", "110")):
        place(client, sell(user_id=seller, price=price, quantity="1"))
        place(client, buy(user_id=buyer, price=price, quantity="1"))

    (held,) = answered(client.get("/positions/b"))["positions"]

    assert (held["net_quantity"], held["average_price"], held["realized_pnl"]) == ("0", None, "10.00")
    assert answered(client.get("/positions/nobody")) == {
        "user_id": "nobody",
        "positions": [],
        "next_cursor": None,
    }


def test_candles_tell_of_the_trades(client: FlaskClient) -> None:
    for price, quantity in (("100", "1"), ("103", "2"), ("99.5", "1")):
        place(client, sell(price=price, quantity=quantity))
        place(client, buy(price=price, quantity=quantity))

    day = answered(client.get("/market/aapl/candles?interval=1d&limit=5"))
    default = answered(client.get("/market/AAPL/candles"))

    assert (day["symbol"], day["interval"], default["interval"]) == ("AAPL", "1d", "1m")
    total = sum(candle["trade_count"] for candle in day["candles"])
    assert total == sum(candle["trade_count"] for candle in default["candles"]) == 3
    if len(day["candles"]) == 1:  # Unless it was midnight just now.
        start = day["candles"][0].pop("start")
        assert start.endswith("T00:00:00.000000Z")
        assert day["candles"] == [
            {
                "open": "100.00",
                "high": "103.00",
                "low": "99.50",
                "close": "99.50",
                "volume": "4",
                "vwap": "101.375",
                "trade_count": 3,
            }
        ]


def test_candles_of_wrong_form_or_of_no_instrument_are_refused(client: FlaskClient) -> None:
    place(client, buy())

    for query, field in (("interval=2m", "interval"), ("limit=0", "limit"), ("limit=1001", "limit"), ("x=1", "x")):
        response = client.get(f"/market/AAPL/candles?{query}")
        assert set(problem(response, 400, "invalid_fields")["errors"]) == {field}
    problem(client.get("/market/NONE/candles"), 404, "unknown_symbol")
    assert answered(client.get("/market/AAPL/candles?interval=15m"))["candles"] == []


ADMIN = (
    ("POST", "/instruments", {"symbol": "MSFT"}),
    ("PATCH", "/instruments/MSFT", {"price_band_percent": "10"}),
    ("POST", "/instruments/MSFT/state", {"state": "HALTED"}),
    ("PUT", "/risk-limits/*", {"max_open_orders": 5}),
    ("POST", "/users/user123/disable", None),
    ("POST", "/users/user123/enable", None),
)


def test_admins_alone_do_what_is_theirs(guarded: Served) -> None:
    for method, path, body in ADMIN:
        problem(guarded.client.open(path, method=method, json=body), 401, "unauthorized")
        allowed = guarded.client.open(path, method=method, json=body, headers={"X-API-Key": API_KEY})
        assert allowed.status_code in (200, 201), allowed.text


def test_admin_command_sent_again_is_carried_out_once(client: FlaskClient) -> None:
    for number, (method, path, body) in enumerate(ADMIN):
        headers = {"Idempotency-Key": f"key-{number}"}
        first, second = (client.open(f"/api/v1{path}", method=method, json=body, headers=headers) for _ in range(2))
        assert (second.status_code, second.data) == (first.status_code, first.data)
        assert second.headers["Idempotent-Replayed"] == "true"
        assert second.headers["X-Sequence"] == first.headers["X-Sequence"]


def test_admin_command_sent_again_is_answered_as_it_was_then(client: FlaskClient) -> None:
    client.post("/instruments/MSFT/state", json={"state": "PRE_OPEN"})
    requests = [
        ("PUT", "/risk-limits/user123", {"max_open_orders": 5}),
        ("POST", "/instruments", {"symbol": "AAPL"}),
        ("PATCH", "/instruments/MSFT", {"price_band_percent": "10"}),
    ]

    def ask_all() -> list[Json]:
        return [
            answered(client.open(path, method=method, json=body, headers={"Idempotency-Key": path}))
            for method, path, body in requests
        ]

    first = ask_all()
    client.post("/users/user123/disable")
    for symbol in ("AAPL", "MSFT"):
        client.post(f"/instruments/{symbol}/state", json={"state": "HALTED"})

    assert ask_all() == first
    assert (first[0]["is_enabled"], first[1]["state"], first[2]["state"]) == (True, "OPEN", "PRE_OPEN")


def test_limits_of_a_disabled_user_are_answered_with_the_user_disabled(client: FlaskClient) -> None:
    client.post("/users/user123/disable")

    assert limit(client, "user123", max_open_orders=5)["is_enabled"] is False


def test_positions_come_in_pages_by_symbol(client: FlaskClient) -> None:
    """A user's positions in 10,000 symbols were one answer."""
    for symbol in ("C", "A", "B"):
        place(client, sell(symbol=symbol, price="1", quantity="1"))
        place(client, buy(symbol=symbol, price="1", quantity="1"))

    first = answered(client.get("/positions/user123?limit=2"))
    second = answered(client.get(f"/positions/user123?limit=2&cursor={first['next_cursor']}"))

    assert [held["symbol"] for held in first["positions"] + second["positions"]] == ["A", "B", "C"]
    assert second["next_cursor"] is None
    problem(client.get("/positions/user123?limit=1001"), 400, "invalid_fields")
