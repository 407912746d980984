"""Sessions, auctions, bands and the circuit breaker, through HTTP."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from order_engine.matching.commands import Configure, SelfTradePrevention
from tests.integration.api.orders import Json, answered, buy, place, problem, sell
from tests.integration.api.served_exchange import served_exchange


def enter(client: FlaskClient, state: str, symbol: str = "AAPL") -> Json:
    response = client.post(f"/instruments/{symbol}/state", json={"state": state})
    assert response.status_code == 200, response.text
    return answered(response)


@pytest.mark.parametrize("state", ["PRE_OPEN", "HALTED", "CLOSED", "OPEN"])
def test_session_enters_a_state_and_shows_it_everywhere(client: FlaskClient, state: str) -> None:
    assert enter(client, state.lower(), "aapl") == {"symbol": "AAPL", "state": state, "reason": None}

    for path in ("/market/AAPL", "/market/AAPL/depth", "/orderbook/AAPL", "/instruments/AAPL"):
        assert answered(client.get(path))["state"] == state
    assert answered(client.get("/instruments"))["instruments"][0]["state"] == state
    assert enter(client, state)["state"] == state


def test_state_of_wrong_form_is_named(client: FlaskClient) -> None:
    for body in ({}, {"state": "SHUT"}, {"state": None}, {"state": 1}):
        response = client.post("/instruments/AAPL/state", json=body)
        assert set(problem(response, 400, "invalid_fields")["errors"]) == {"state"}
    response = client.post("/instruments/AAPL/state", json={"state": "OPEN", "symbol": "X"})
    assert set(problem(response, 400, "invalid_fields")["errors"]) == {"symbol"}


def test_state_of_a_symbol_that_may_not_be_listed_is_refused(tmp_path: Path) -> None:
    with served_exchange(tmp_path, settings=Configure(auto_list=False)) as served:
        response = served.client.post("/instruments/AAPL/state", json={"state": "OPEN"})

        problem(response, 422, "unknown_symbol")
        assert response.headers["X-Sequence"] == "2"


@pytest.mark.parametrize(("state", "code"), [("HALTED", "instrument_halted"), ("CLOSED", "market_closed")])
def test_only_cancels_are_taken_while_halted_or_closed(client: FlaskClient, state: str, code: str) -> None:
    order = place(client, buy())
    enter(client, state)

    problem(client.post("/orders", json=sell()), 422, code)
    problem(client.patch(f"/orders/{order['order_id']}", json={"quantity": 0}), 422, code)
    assert answered(client.delete(f"/orders/{order['order_id']}"))["status"] == "CANCELED"


def test_orders_for_the_day_end_with_it(client: FlaskClient) -> None:
    order = place(client, buy(time_in_force="DAY"))

    enter(client, "CLOSED")

    assert answered(client.get(f"/orders/{order['order_id']}"))["status"] == "EXPIRED"


def test_call_phase_shows_what_the_auction_would_do_and_does_it(client: FlaskClient) -> None:
    enter(client, "PRE_OPEN")
    quiet = answered(client.get("/market/AAPL/depth"))
    buyer = place(client, buy(price="151", quantity="10"))
    place(client, buy(price="149", quantity="1"))
    seller = place(client, sell(price="150", quantity="7"))
    problem(client.post("/orders", json=buy(type="MARKET", price=None)), 422, "not_in_auction")

    indicated = answered(client.get("/market/AAPL/depth"))
    book = answered(client.get("/orderbook/AAPL"))
    opened = enter(client, "OPEN")

    assert [quiet[f"indicative_{name}"] for name in ("price", "quantity", "imbalance")] == [None] * 3
    for shown in (indicated, book):
        assert shown["indicative_price"] == "151.00"
        assert (shown["indicative_quantity"], shown["indicative_imbalance"]) == ("7", "3")
    assert opened["state"] == "OPEN"
    assert "indicative_price" not in answered(client.get("/market/AAPL/depth"))
    (trade,) = answered(client.get("/trades"))["trades"]
    assert (trade["price"], trade["quantity"], trade["auction"]) == ("151.00", "7", True)
    assert (trade["maker_order_id"], trade["taker_order_id"], trade["taker_side"]) == (None, None, None)
    assert (trade["buy_order_id"], trade["sell_order_id"]) == (buyer["order_id"], seller["order_id"])
    assert answered(client.get(f"/orders/{buyer['order_id']}"))["remaining_quantity"] == "3"


def test_imbalance_of_more_to_sell_is_negative(client: FlaskClient) -> None:
    enter(client, "PRE_OPEN")
    place(client, buy(price="150", quantity="2"))
    place(client, sell(price="150", quantity="7.5"))

    assert answered(client.get("/orderbook/AAPL"))["indicative_imbalance"] == "-5.5"


def test_instrument_takes_and_shows_all_its_terms(client: FlaskClient) -> None:
    terms = {
        "symbol": "MSFT",
        "tick_size": "0.05",
        "lot_size": "10",
        "price_band_percent": "10",
        "circuit_breaker_percent": "7.5",
        "reference_price": "100",
        "self_trade_prevention": "cancel_oldest",
        "schedule": [{"at": "16:00", "state": "closed"}, {"at": "09:30:15", "state": "OPEN"}],
        "name": "Microsoft",
        "base": "MSFT",
        "quote": "USD",
        "min_quantity": "10",
        "max_quantity": "1000",
        "min_price": "50.00",
        "max_price": "150.00",
        "min_notional": "500",
    }

    listed = answered(client.post("/instruments", json=terms))
    changed = client.patch(
        "/instruments/MSFT", json={"price_band_percent": 0, "schedule": [], "self_trade_prevention": "NONE"}
    )

    assert listed == {
        **terms,
        "reference_price": "100.00",
        "self_trade_prevention": "CANCEL_OLDEST",
        "schedule": [{"at": "09:30:15", "state": "OPEN"}, {"at": "16:00:00", "state": "CLOSED"}],
        "state": "OPEN",
        "settlement_price": None,
    }
    expected = {**listed, "price_band_percent": None, "schedule": [], "self_trade_prevention": "NONE"}
    assert answered(changed) == answered(client.get("/instruments/MSFT")) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price_band_percent", "-1"),
        ("circuit_breaker_percent", "x"),
        ("reference_price", 0),
        ("self_trade_prevention", "SOMETIMES"),
        ("schedule", "09:30"),
        ("schedule", [{"at": "24:00", "state": "OPEN"}]),
        ("schedule", [{"at": "09:30"}]),
        ("schedule", [{"at": "09:30", "state": "OPEN"}, {"at": "09:30:00", "state": "CLOSED"}]),
    ],
)
def test_term_of_wrong_form_is_named(client: FlaskClient, field: str, value: object) -> None:
    response = client.post("/instruments", json={"symbol": "MSFT", field: value})

    assert set(problem(response, 400, "invalid_fields")["errors"]) == {field}


def test_price_outside_of_the_band_is_refused(client: FlaskClient) -> None:
    client.post("/instruments", json={"symbol": "AAPL", "price_band_percent": 10, "reference_price": 100})

    refused = problem(client.post("/orders", json=buy(price="89.99")), 422, "price_out_of_band")["order"]
    edge = place(client, buy(price="90"))

    assert refused["status"] == "REJECTED"
    assert edge["status"] == "OPEN"


def test_market_order_stops_at_the_band(client: FlaskClient) -> None:
    client.post("/instruments", json={"symbol": "AAPL", "reference_price": 100})
    for price in ("100", "150"):
        place(client, sell(price=price, quantity="1"))
    client.patch("/instruments/AAPL", json={"price_band_percent": 10})

    order = place(client, buy(type="MARKET", price=None, quantity="5"))

    assert (order["status"], order["reason"], order["filled_quantity"]) == ("CANCELED", "price_band", "1")


def test_circuit_breaker_halts_the_instrument(client: FlaskClient) -> None:
    client.post("/instruments", json={"symbol": "AAPL", "circuit_breaker_percent": 10})
    for price in ("100", "120"):
        place(client, sell(price=price, quantity="1"))
    place(client, buy(price="100", quantity="1"))

    tripped = place(client, buy(price="120", quantity="2"))

    assert tripped["status"] == "PARTIALLY_FILLED"
    assert answered(client.get("/market/AAPL"))["state"] == "HALTED"
    problem(client.post("/orders", json=buy()), 422, "instrument_halted")


def test_auction_that_trips_the_breaker_leaves_the_session_halted(client: FlaskClient) -> None:
    client.post("/instruments", json={"symbol": "AAPL", "circuit_breaker_percent": 10})
    enter(client, "PRE_OPEN")
    place(client, buy(price="100", quantity="1"))
    place(client, sell(price="100", quantity="1"))
    place(client, buy(price="50", quantity="2"))
    # Triggered by the auction's price, it trades far from it.
    place(client, sell(type="STOP", price=None, stop_price="100", quantity="1"))

    opened = enter(client, "OPEN")

    assert opened == {"symbol": "AAPL", "state": "HALTED", "reason": "circuit_breaker"}


def test_configured_mode_governs_where_none_is_named(tmp_path: Path) -> None:
    settings = Configure(self_trade_prevention=SelfTradePrevention.CANCEL_NEWEST)
    with served_exchange(tmp_path, settings=settings) as served:
        place(served.client, sell(user_id="user123"))

        order = place(served.client, buy())

    assert (order["status"], order["reason"], order["self_trade_prevention"]) == ("CANCELED", "self_trade", None)
