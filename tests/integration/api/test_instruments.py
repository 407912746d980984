"""Instruments and the admin's snapshot."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from order_engine.matching.commands import Configure
from tests.integration.api.orders import answered, buy, place, problem
from tests.integration.api.served_exchange import served_exchange

TERMS = (
    *("price_band_percent", "circuit_breaker_percent", "reference_price", "self_trade_prevention"),
    *("name", "base", "quote", "min_price", "max_price", "min_quantity", "max_quantity", "min_notional"),
    "settlement_price",
)


def test_instrument_is_listed_shown_and_changed(client: FlaskClient) -> None:
    listed = client.post("/instruments", json={"symbol": "msft", "tick_size": "0.05", "lot_size": 10})
    again = client.post("/instruments", json={"symbol": "MSFT"})
    changed = client.patch("/instruments/MSFT", json={"tick_size": 0.25})

    steps = {"symbol": "MSFT", "tick_size": "0.05", "lot_size": "10"}
    expected = {**dict.fromkeys(TERMS), **steps, "schedule": [], "state": "OPEN"}
    assert (listed.status_code, answered(listed)) == (201, expected)
    assert (again.status_code, answered(again)) == (200, expected)
    assert (changed.status_code, answered(changed)) == (200, expected | {"tick_size": "0.25"})
    assert answered(client.get("/instruments/msft")) == expected | {"tick_size": "0.25"}
    assert answered(client.get("/instruments")) == {
        "instruments": [expected | {"tick_size": "0.25"}],
        "next_cursor": None,
    }
    assert int(changed.headers["X-Sequence"]) > int(listed.headers["X-Sequence"])


def test_instrument_keeps_its_name_and_limits_until_they_are_taken_away(client: FlaskClient) -> None:
    named = {"name": "Regen am Sonntag ☔", "base": "RAIN", "quote": "USD"}
    limits = {"min_price": "0.01", "max_price": "0.99", "min_quantity": "1", "max_quantity": "50", "min_notional": "2"}
    listed = client.post("/instruments", json={"symbol": "RAIN", "reference_price": "0.5", **named, **limits})
    less = client.patch("/instruments/RAIN", json={"max_price": None, "reference_price": None, "name": None})

    assert answered(listed).items() >= {"reference_price": "0.50", **named, **limits}.items()
    taken_away = {"max_price": None, "reference_price": None, "name": None}
    assert answered(less) == answered(listed) | taken_away
    assert answered(client.get("/instruments/RAIN")) == answered(less)


@pytest.mark.parametrize(
    ("code", "order", "detail"),
    [
        ("min_price", {"price": "0.01"}, "The price is below the instrument's min_price. It is 0.02."),
        ("max_price", {"price": "1"}, "The price is above the instrument's max_price. It is 0.99."),
        ("min_quantity", {"quantity": "1"}, "The quantity is less than the instrument's min_quantity. It is 2."),
        ("max_quantity", {"quantity": "51"}, "The quantity is more than the instrument's max_quantity. It is 50."),
        (
            "min_notional",
            {"price": "0.09"},
            "Price times quantity is less than the instrument's min_notional. It is 1.",
        ),
    ],
)
def test_refusal_names_the_limit(client: FlaskClient, code: str, order: dict[str, str], detail: str) -> None:
    limits = {"min_price": "0.02", "max_price": "0.99", "min_quantity": "2", "max_quantity": "50", "min_notional": "1"}
    client.post("/instruments", json={"symbol": "RAIN", **limits})
    right = buy(symbol="RAIN", price="0.5", quantity="10")

    refused = problem(client.post("/orders", json=right | order), 422, code)

    assert refused["detail"] == detail
    path = f"/orders/{place(client, right)['order_id']}"
    assert problem(client.patch(path, json=order), 422, code)["detail"] == detail


def test_change_that_is_repeated_with_another_null_is_another_change(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": "k"}
    client.post("/instruments", json={"symbol": "A", "name": "a", "base": "B"})
    client.patch("/instruments/A", json={"name": None}, headers=headers)

    problem(client.patch("/instruments/A", json={"base": None}, headers=headers), 422, "idempotency_key_reused")


def test_instruments_come_in_pages_by_symbol(client: FlaskClient) -> None:
    """All 10,000 were in one answer of 2 MB, which anybody could ask for: 0.1 s of the loop each time."""
    for symbol in ("D", "B", "A", "E", "C"):
        client.post("/instruments", json={"symbol": symbol})
    pages, cursor = [], ""
    while cursor is not None:
        page = answered(client.get(f"/instruments?limit=2{cursor and f'&cursor={cursor}'}"))
        pages.append([listed["symbol"] for listed in page["instruments"]])
        cursor = page["next_cursor"]

    assert pages == [["A", "B"], ["C", "D"], ["E"]]


def test_page_of_instruments_has_1000_at_most(client: FlaskClient) -> None:
    for start in (0, 600):
        orders = [buy(symbol=f"S{number:04d}") for number in range(start, start + 600)]
        client.post("/orders/batch", json={"orders": orders})

    first = answered(client.get("/instruments"))
    second = answered(client.get(f"/instruments?cursor={first['next_cursor']}"))

    assert (len(first["instruments"]), first["instruments"][-1]["symbol"]) == (1_000, "S0999")
    assert (len(second["instruments"]), second["next_cursor"]) == (200, None)
    problem(client.get("/instruments?limit=1001"), 400, "invalid_fields")


def test_prices_have_the_decimals_of_the_tick_as_it_was_last_changed(client: FlaskClient) -> None:
    first = {"json": {"symbol": "X", "tick_size": "0.5"}, "headers": {"Idempotency-Key": "first"}}
    client.post("/instruments", **first)
    path = f"/orders/{place(client, buy(symbol='X', price='10'))['order_id']}"
    before = answered(client.get(path))["price"]
    client.delete(path)
    client.patch("/instruments/X", json={"tick_size": "0.0001"})

    after = answered(client.get(path))["price"]
    client.post("/instruments", **first)
    after_repetition = answered(client.get(path))["price"]

    assert (before, after, after_repetition) == ("10.0", "10.0000", "10.0000")


def test_price_has_the_decimals_of_the_tick_that_changed(client: FlaskClient) -> None:
    place(client, buy(time_in_force="IOC"))
    client.patch("/instruments/AAPL", json={"tick_size": "0.0001"})

    assert place(client, buy(time_in_force="IOC"))["price"] == "150.5000"


def test_terms_do_not_change_while_an_order_lives(client: FlaskClient) -> None:
    place(client, buy())

    problem(client.patch("/instruments/AAPL", json={"tick_size": "0.05"}), 422, "invalid_instruction")


def test_change_of_wrong_form_or_of_nothing_is_named(client: FlaskClient) -> None:
    client.post("/instruments", json={"symbol": "MSFT"})

    assert set(problem(client.patch("/instruments/MSFT", json={}), 400, "invalid_fields")["errors"]) == {"tick_size"}
    for body, field in (({"tick_size": 0}, "tick_size"), ({"symbol": "X"}, "symbol"), ({"lot_size": "x"}, "lot_size")):
        assert set(problem(client.patch("/instruments/MSFT", json=body), 400, "invalid_fields")["errors"]) == {field}
    problem(client.patch("/instruments/NONE", json={"tick_size": 1}), 404, "unknown_symbol")
    assert set(problem(client.post("/instruments", json={}), 400, "invalid_fields")["errors"]) == {"symbol"}


def test_order_for_a_symbol_that_may_not_be_listed_is_refused(tmp_path: Path) -> None:
    with served_exchange(tmp_path, settings=Configure(auto_list=False)) as served:
        response = served.client.post("/orders", json=buy(price="1.123"))

        refused = problem(response, 422, "unknown_symbol")["order"]
        assert (refused["status"], refused["price"]) == ("REJECTED", "1.123")


def test_snapshot_answers_with_what_it_is_of(client: FlaskClient) -> None:
    order = place(client, buy())

    response = client.post("/admin/snapshot")

    snapshot = answered(response)
    assert response.status_code == 201
    assert snapshot["sequence"] == order["sequence"]
    assert len(snapshot["state_hash"]) == 64
