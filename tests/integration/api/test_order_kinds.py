"""Stops, icebergs, orders that expire, and self-trade prevention, through HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.integration.api.hand_clock import HandClock
from tests.integration.api.orders import Json, answered, buy, place, problem, sell
from tests.integration.api.served_exchange import served_exchange


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def client(tmp_path: Path, clock: HandClock) -> Iterator[FlaskClient]:
    with served_exchange(tmp_path, clock=clock) as served:
        yield served.client


def stop(**fields: object) -> Json:
    """A stop to sell."""
    return sell(**{"price": None, "type": "STOP", "stop_price": "149", "quantity": "5", **fields})


def trade_at(client: FlaskClient, price: str, quantity: str = "1") -> None:
    place(client, sell(user_id="maker", price=price, quantity=quantity))
    place(client, buy(user_id="taker", price=price, quantity=quantity))


def read(client: FlaskClient, order: Json) -> Json:
    return answered(client.get(f"/orders/{order['order_id']}"))


def life(client: FlaskClient, order: Json) -> list[Json]:
    events: list[Json] = answered(client.get(f"/orders/{order['order_id']}/events"))["events"]
    return events


def test_stop_waits_unseen_until_it_triggers_and_keeps_its_type(client: FlaskClient) -> None:
    place(client, buy(price="148", quantity="5"))
    pending = place(client, stop())
    shown = answered(client.get("/orderbook/AAPL"))

    trade_at(client, "149")

    assert (pending["type"], pending["status"], pending["stop_price"], pending["price"]) == (
        *("STOP", "PENDING", "149.00"),
        None,
    )
    assert shown["asks"] == []
    triggered = read(client, pending)
    assert (triggered["type"], triggered["status"], triggered["stop_price"]) == ("STOP", "FILLED", None)
    assert [event["event"] for event in life(client, pending)] == ["accepted", "triggered", "trade"]
    assert triggered["average_price"] == "148.00"


def test_answer_about_an_order_leaves_out_what_it_triggered(client: FlaskClient) -> None:
    place(client, buy(price="148", quantity="5"))
    place(client, stop())
    place(client, sell(price="149", quantity="1"))

    taker = place(client, buy(price="149", quantity="1"))

    assert (taker["status"], len(taker["trades"]), taker["average_price"]) == ("FILLED", 1, "149.00")


def test_stop_limit_and_trailing_stop_show_their_terms(client: FlaskClient) -> None:
    trade_at(client, "150")

    limited = place(client, stop(type="STOP_LIMIT", price="148.5", time_in_force="ioc"))
    trailing = place(client, stop(type="trailing_stop", stop_price=None, trail_amount=2))

    assert (limited["price"], limited["stop_price"], limited["time_in_force"]) == ("148.50", "149.00", "IOC")
    assert (trailing["trail_amount"], trailing["stop_price"], trailing["status"]) == ("2.00", "148.00", "PENDING")
    assert life(client, trailing)[0]["trail_amount"] == "2.00"


def test_trailing_stop_is_shown_where_it_has_followed_the_price_to(client: FlaskClient) -> None:
    trade_at(client, "150")
    trailing = place(client, stop(type="TRAILING_STOP", stop_price=None, trail_amount=2))
    trade_at(client, "152")

    (listed,) = answered(client.get("/orders?status=PENDING"))["orders"]

    assert (trailing["stop_price"], listed["stop_price"], read(client, trailing)["stop_price"]) == (
        *("148.00", "150.00", "150.00"),
    )


def test_stops_are_amended_before_their_trigger(client: FlaskClient) -> None:
    trade_at(client, "150")
    pending = place(client, stop())
    trailing = place(client, stop(type="TRAILING_STOP", stop_price=None, trail_amount=2))

    amended = client.patch(f"/orders/{pending['order_id']}", json={"stop_price": "148", "quantity": 3})
    moved = client.patch(f"/orders/{trailing['order_id']}", json={"trail_amount": "1.5"})

    assert (answered(amended)["stop_price"], answered(amended)["quantity"]) == ("148.00", "3")
    assert (answered(moved)["stop_price"], answered(moved)["trail_amount"]) == ("148.50", "1.50")
    for order, terms in (
        (trailing, {"stop_price": "140"}),
        (pending, {"price": "140"}),
        (pending, {"trail_amount": 1}),
    ):
        problem(client.patch(f"/orders/{order['order_id']}", json=terms), 422, "invalid_instruction")
    canceled = answered(client.delete(f"/orders/{pending['order_id']}"))
    assert (canceled["status"], canceled["reason"]) == ("CANCELED", "user_requested")


def test_pending_orders_are_listed_and_canceled_with_the_others(client: FlaskClient) -> None:
    pending, resting = place(client, stop()), place(client, sell(price="155"))

    listed = answered(client.get("/orders?status=pending"))["orders"]
    canceled = answered(client.delete("/orders?user_id=user456"))["canceled"]

    assert [order["order_id"] for order in listed] == [pending["order_id"]]
    assert canceled == [pending["order_id"], resting["order_id"]]


def test_iceberg_shows_a_slice_and_fills_whole(client: FlaskClient) -> None:
    iceberg = place(client, sell(quantity="100", display_quantity="10"))
    shown = answered(client.get("/orderbook/AAPL"))["asks"]

    taker = place(client, buy(quantity="35"))
    after = answered(client.get("/orderbook/AAPL"))["asks"]
    resized = answered(client.patch(f"/orders/{iceberg['order_id']}", json={"display_quantity": 20}))

    assert (iceberg["display_quantity"], shown) == ("10", [["150.50", "10", 1]])
    assert [trade["quantity"] for trade in taker["trades"]] == ["10", "10", "10", "5"]
    assert after == [["150.50", "5", 1]]
    assert resized["display_quantity"] == "20"
    assert answered(client.get("/orderbook/AAPL"))["asks"] == [["150.50", "20", 1]]
    found = read(client, iceberg)
    assert (found["remaining_quantity"], found["display_quantity"]) == ("65", "20")


def test_order_expires_at_its_time(client: FlaskClient, clock: HandClock) -> None:
    order = place(client, buy(time_in_force="GTD", expire_at=clock.in_seconds(60)))
    clock.pass_seconds(60)

    place(client, sell(price="150.50"))

    expired = read(client, order)
    assert order["expire_at"] == clock.in_seconds(0)
    assert (expired["status"], expired["reason"], expired["remaining_quantity"]) == ("EXPIRED", "expired", "0")
    last = life(client, order)[-1]
    assert (last["event"], last["status"], last["canceled_quantity"]) == ("expired", "EXPIRED", "100")
    assert [found["order_id"] for found in answered(client.get("/orders?status=expired"))["orders"]] == ["2"]


def test_answers_are_about_the_named_order_though_others_expired_before(client: FlaskClient, clock: HandClock) -> None:
    for price in ("140", "141"):
        place(client, buy(price=price, time_in_force="GTD", expire_at=clock.in_seconds(60)))
    kept = place(client, buy(price="142", client_order_id="kept"))
    ends = place(client, buy(price="143", time_in_force="GTD", expire_at=clock.in_seconds(120)))
    clock.pass_seconds(60)
    amended = client.patch("/orders/by-client-id/kept?user_id=user123", json={"quantity": 5})
    clock.pass_seconds(60)
    late = client.delete(f"/orders/{ends['order_id']}")
    placed = place(client, buy(price="144"))

    assert (answered(amended)["order_id"], answered(amended)["quantity"]) == (kept["order_id"], "5")
    assert problem(late, 409, "order_final")["order"]["status"] == "EXPIRED"
    assert placed["price"] == "144.00"


def test_end_that_is_past_is_refused(client: FlaskClient, clock: HandClock) -> None:
    response = client.post("/orders", json=buy(time_in_force="GTD", expire_at=clock.in_seconds(0)))

    assert problem(response, 422, "invalid_instruction")["order"]["status"] == "REJECTED"


@pytest.mark.parametrize(
    ("mode", "incoming", "resting"),
    [
        ("CANCEL_NEWEST", ("CANCELED", "0"), ("OPEN", "100")),
        ("CANCEL_OLDEST", ("OPEN", "30"), ("CANCELED", "0")),
        ("CANCEL_BOTH", ("CANCELED", "0"), ("CANCELED", "0")),
        ("DECREMENT", ("CANCELED", "0"), ("OPEN", "70")),
        ("none", ("FILLED", "0"), ("PARTIALLY_FILLED", "70")),
    ],
)
def test_users_trade_with_themselves_only_if_they_may(
    client: FlaskClient, mode: str, incoming: tuple[str, str], resting: tuple[str, str]
) -> None:
    own = place(client, sell(user_id="user123"))

    order = place(client, buy(quantity="30", self_trade_prevention=mode))

    assert order["self_trade_prevention"] == mode.upper()
    assert (order["status"], order["remaining_quantity"]) == incoming
    found = read(client, own)
    assert (found["status"], found["remaining_quantity"]) == resting


def test_decrement_is_told_in_the_life_of_both_orders(client: FlaskClient) -> None:
    own = place(client, sell(user_id="user123"))
    order = place(client, buy(quantity="30", self_trade_prevention="DECREMENT"))

    lives = [life(client, found) for found in (own, order)]

    assert [event["event"] for event in lives[0]] == ["accepted", "decremented"]
    assert [event["event"] for event in lives[1]] == ["accepted", "decremented", "canceled"]
    assert [events[1]["decremented_quantity"] for events in lives] == ["30", "30"]
    assert lives[1][2]["reason"] == "self_trade"


def test_order_with_every_term_reads_back_as_it_was_answered(client: FlaskClient, clock: HandClock) -> None:
    terms = {"time_in_force": "GTD", "expire_at": clock.in_seconds(9), "self_trade_prevention": "CANCEL_BOTH"}
    orders = [
        place(client, buy(**terms, display_quantity="5", post_only=True, client_order_id="mine")),
        place(client, stop(**terms)),
        place(client, stop(type="STOP_LIMIT", price="148", **terms)),
        place(client, stop(type="TRAILING_STOP", stop_price=None, trail_amount="0.5", **terms)),
    ]

    assert [read(client, order) for order in orders] == orders
