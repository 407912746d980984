"""GET of orders and trades, from the database."""

import pytest
from flask.testing import FlaskClient

from tests.integration.api.orders import answered, buy, place, problem, sell
from tests.integration.api.served_exchange import Served


def test_order_is_shown_with_its_trades(client: FlaskClient) -> None:
    maker = place(client, buy())
    taker = place(client, sell(quantity="30"))

    shown = answered(client.get(f"/orders/{maker['order_id']}?symbol=AAPL"))

    assert (shown["status"], shown["filled_quantity"], shown["average_price"]) == ("PARTIALLY_FILLED", "30", "150.50")
    assert shown["trades"] == taker["trades"]
    assert shown["updated_at"] == taker["updated_at"] > shown["created_at"]
    assert answered(client.get(f"/orders/{taker['order_id']}")) == taker


def test_order_of_another_symbol_or_none_is_unknown(client: FlaskClient) -> None:
    order = place(client, buy())

    problem(client.get(f"/orders/{order['order_id']}?symbol=MSFT"), 404, "unknown_order")
    problem(client.get("/orders/999"), 404, "unknown_order")
    problem(client.get("/orders/999/events"), 404, "unknown_order")


def test_lists_are_newest_first_page_by_page(client: FlaskClient) -> None:
    placed = [place(client, buy())["order_id"] for _ in range(5)]

    pages = []
    query = "/orders?limit=2"
    while query:
        page = answered(client.get(query))
        pages.append([order["order_id"] for order in page["orders"]])
        query = f"/orders?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""

    assert pages == [placed[:2:-1], placed[2:0:-1], placed[:1]]


def test_lists_show_only_what_was_asked_for(client: FlaskClient) -> None:
    mine = place(client, buy(client_order_id="mine"))
    other_symbol = place(client, buy(symbol="MSFT"))
    theirs = place(client, sell(price="170"))
    client.delete(f"/orders/{other_symbol['order_id']}")

    def ids(query: str) -> list[str]:
        return [order["order_id"] for order in answered(client.get(query))["orders"]]

    assert ids("/orders?user_id=user456") == [theirs["order_id"]]
    assert ids("/orders/user/user123") == [other_symbol["order_id"], mine["order_id"]]
    assert ids("/orders/user/user123?status=open") == [mine["order_id"]]
    assert ids("/orders?symbol=msft&status=CANCELED") == [other_symbol["order_id"]]
    assert (
        ids("/orders?status=live")
        == ids("/orders?status=OPEN,partially_filled,PENDING")
        == [theirs["order_id"], mine["order_id"]]
    )
    assert ids("/orders?client_order_id=mine") == [mine["order_id"]]
    assert ids("/orders/user/nobody") == []
    assert "trades" not in answered(client.get("/orders"))["orders"][0]


def test_life_of_an_order_is_told_in_order_with_its_trades(client: FlaskClient) -> None:
    order_id = place(client, buy())["order_id"]
    place(client, sell(quantity="40"))
    client.put(f"/orders/{order_id}", json={"quantity": "70"})
    client.put(f"/orders/{order_id}", json={"price": "1.001"})
    client.delete(f"/orders/{order_id}")

    life = answered(client.get(f"/orders/{order_id}/events"))

    assert life["order_id"] == order_id
    told = [(event["event"], event["quantity"]) for event in life["events"]]
    assert told == [
        ("accepted", "100"),
        ("trade", "40"),
        ("amended", "70"),
        ("amend_rejected", None),
        ("canceled", "70"),
    ]
    assert life["events"][3]["reason"] == "tick_size"
    assert life["events"][4]["canceled_quantity"] == "30"


def test_life_of_an_order_begins_with_its_placing_whatever_was_asked_of_its_id_before(client: FlaskClient) -> None:
    sequence = place(client, buy())["sequence"]
    guessed = f"/orders/{sequence + 3}"
    problem(client.delete(guessed), 404, "unknown_order")
    problem(client.put(guessed, json={"quantity": 1}), 404, "unknown_order")
    place(client, buy())

    life = answered(client.get(f"{guessed}/events"))["events"]

    assert [event["event"] for event in life] == ["accepted"]


def test_trades_are_listed_by_symbol_user_order_and_time(client: FlaskClient) -> None:
    place(client, buy(quantity="2"))
    first = place(client, sell(quantity="1"))["trades"][0]
    place(client, buy(symbol="MSFT", quantity="1"))
    second = place(client, sell(symbol="MSFT", quantity="1", user_id="third"))["trades"][0]

    def ids(query: str) -> list[str]:
        return [trade["trade_id"] for trade in answered(client.get(f"/trades{query}"))["trades"]]

    assert answered(client.get("/trades"))["trades"] == [second, first]
    assert ids("?symbol=aapl") == [first["trade_id"]]
    assert ids("?user_id=third") == [second["trade_id"]]
    assert ids(f"?order_id={first['sell_order_id']}") == [first["trade_id"]]
    assert ids("?since=2020-01-01T00:00:00Z") == [second["trade_id"], first["trade_id"]]
    assert ids("?since=2099-01-01T00:00:00%2B02:00") == []
    page = answered(client.get("/trades?limit=1"))
    assert ids(f"?limit=1&cursor={page['next_cursor']}") == [first["trade_id"]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("/orders?limit=0", "limit"),
        ("/orders?limit=1001", "limit"),
        ("/orders?limit=ten", "limit"),
        ("/orders?limit=\u0663", "limit"),
        ("/orders?cursor=nonsense", "cursor"),
        ("/orders?cursor=", "cursor"),
        ("/trades?cursor=b3JkZXJzOjE", "cursor"),
        ("/orders?status=GONE", "status"),
        ("/orders?status=OPEN,live", "status"),
        ("/orders?status=", "status"),
        ("/market?limit=101", "limit"),
        ("/orders?colour=red", "colour"),
        ("/orders?limit=1&limit=2", "limit"),
        ("/orders?user_id=%00", "user_id"),
        ("/trades?since=yesterday", "since"),
        ("/trades?since=2026-02-30T00:00:00Z", "since"),
        ("/trades?since=1969-12-31T23:59:59Z", "since"),
        ("/orders/1?symbol=%C3%84", "symbol"),
        ("/health?verbose=1", "verbose"),
    ],
)
def test_wrong_parameter_is_named(client: FlaskClient, query: str, field: str) -> None:
    assert set(problem(client.get(query), 400, "invalid_fields")["errors"]) == {field}


def test_read_that_must_show_the_future_waits_and_then_says_so(served: Served) -> None:
    client = served.client
    sequence = int(client.post("/orders", json=buy()).headers["X-Sequence"])

    for path in ("/orders", "/trades", "/bbo/AAPL", "/market/AAPL", "/instruments"):
        assert client.get(path, headers={"X-Min-Sequence": str(sequence)}).status_code == 200
    problem(client.get("/orders", headers={"X-Min-Sequence": "-1"}), 400, "invalid_fields")


@pytest.mark.parametrize("path", ["/orders", "/bbo/AAPL", "/instruments"])
def test_sequence_beyond_all_that_was_given_out_is_refused(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers={"X-Min-Sequence": "1000000"})

    assert set(problem(response, 400, "invalid_fields")["errors"]) == {"X-Min-Sequence"}
