"""No response about one order is longer than a page, even if it traded often."""

import pytest
from flask.testing import FlaskClient

from tests.integration.api.orders import Json, answered, buy, place, problem, sell

TRADES = 250


def walk(client: FlaskClient, path: str, field: str, cursor: str | None = "") -> list[Json]:
    found: list[Json] = []
    while cursor is not None:
        page = answered(client.get(f"{path}?limit=70" + (f"&cursor={cursor}" if cursor else "")))
        assert len(page[field]) <= 70
        found += page[field]
        cursor = page["next_cursor"]
    return found


@pytest.fixture
def taker(client: FlaskClient) -> Json:
    """An order that has traded 250 times, 240 of them in its own command."""
    orders = [sell(quantity="1", user_id=f"seller{number}") for number in range(TRADES - 10)]
    client.post("/orders/batch", json={"orders": orders})
    order = place(client, buy(quantity=str(TRADES)))
    client.post("/orders/batch", json={"orders": [sell(quantity="1") for _ in range(10)]})
    return order


def test_order_has_its_newest_hundred_trades_and_the_rest_follow(client: FlaskClient, taker: Json) -> None:
    path = f"/orders/{taker['order_id']}"

    shown = answered(client.get(path))
    everything = walk(client, f"{path}/trades", "trades")
    older = walk(client, f"{path}/trades", "trades", shown["trades_cursor"])

    assert shown["filled_quantity"] == str(TRADES)
    assert [len(shown["trades"]), len(older), len(everything)] == [100, TRADES - 100, TRADES]
    assert shown["trades"][::-1] + older == everything
    assert len({trade["trade_id"] for trade in everything}) == TRADES


def test_response_to_the_order_itself_is_no_longer(client: FlaskClient, taker: Json) -> None:
    older = walk(client, f"/orders/{taker['order_id']}/trades", "trades", taker["trades_cursor"])

    assert len(taker["trades"]) == 100
    assert len(older) == TRADES - 10 - 100
    assert {trade["trade_id"] for trade in older}.isdisjoint(trade["trade_id"] for trade in taker["trades"])


def test_life_of_an_order_is_read_page_by_page(client: FlaskClient, taker: Json) -> None:
    path = f"/orders/{taker['order_id']}/events"

    life = walk(client, path, "events")

    assert [event["event"] for event in life] == ["accepted"] + ["trade"] * TRADES
    assert [event["sequence"] for event in life] == sorted(event["sequence"] for event in life)
    assert len(answered(client.get(path))["events"]) == 100


def test_cursor_of_another_list_is_refused(client: FlaskClient, taker: Json) -> None:
    path = f"/orders/{taker['order_id']}"

    problem(client.get(f"{path}/events?cursor={taker['trades_cursor']}"), 400, "invalid_fields")
    problem(client.get("/orders/999/trades"), 404, "unknown_order")
    problem(client.get(f"{path}/trades?symbol=MSFT"), 404, "unknown_order")
    assert place(client, buy())["trades_cursor"] is None
