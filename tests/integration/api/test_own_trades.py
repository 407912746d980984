"""A user's own trades, and lists between two times."""

from flask.testing import FlaskClient

from tests.integration.api.orders import answered, buy, place, problem, sell


def test_own_trades_have_the_users_side_order_and_liquidity(client: FlaskClient) -> None:
    maker = place(client, buy())
    taker = place(client, sell(quantity="30"))

    (sold,) = answered(client.get("/trades?user_id=user456"))["trades"]
    (bought,) = answered(client.get("/trades?user_id=user123"))["trades"]
    (public,) = answered(client.get("/trades"))["trades"]

    assert (sold["side"], sold["order_id"], sold["liquidity"]) == ("SELL", taker["order_id"], "TAKER")
    assert (bought["side"], bought["order_id"], bought["liquidity"]) == ("BUY", maker["order_id"], "MAKER")
    assert public.items() <= bought.items()
    assert "side" not in public


def test_trade_with_oneself_is_shown_once_from_the_side_that_took(client: FlaskClient) -> None:
    maker = place(client, sell(user_id="ann"))
    taker = place(client, buy(user_id="ann", quantity="30"))

    (own,) = answered(client.get("/trades?user_id=ann"))["trades"]
    (resting,) = answered(client.get(f"/trades?user_id=ann&order_id={maker['order_id']}"))["trades"]

    assert (own["side"], own["order_id"], own["liquidity"]) == ("BUY", taker["order_id"], "TAKER")
    assert (resting["side"], resting["order_id"], resting["liquidity"]) == ("SELL", maker["order_id"], "MAKER")


def test_own_trade_of_an_auction_has_no_liquidity(client: FlaskClient) -> None:
    client.post("/instruments/AAPL/state", json={"state": "PRE_OPEN"})
    order = place(client, buy())
    place(client, sell())
    client.post("/instruments/AAPL/state", json={"state": "OPEN"})

    (own,) = answered(client.get("/trades?user_id=user123"))["trades"]

    assert (own["side"], own["order_id"], own["liquidity"]) == ("BUY", order["order_id"], None)


def test_lists_are_cut_at_times_in_rfc_3339_or_milliseconds(client: FlaskClient) -> None:
    order = place(client, buy())
    millisecond = int(answered(client.get("/time"))["milliseconds"])

    for path in ("/orders", "/orders/user/user123"):
        for before in (order["created_at"], 0):
            assert answered(client.get(f"{path}?until={before}"))["orders"] == []
        for after in (order["created_at"], 0):
            assert len(answered(client.get(f"{path}?since={after}"))["orders"]) == 1
        assert answered(client.get(f"{path}?since={millisecond + 3_600_000}"))["orders"] == []
        assert len(answered(client.get(f"{path}?until={millisecond + 3_600_000}"))["orders"]) == 1


def test_time_of_wrong_form_is_named(client: FlaskClient) -> None:
    for since in ("yesterday", "-1", "1.5", "9" * 19, "9" * 99, "2026-01-01"):
        response = client.get(f"/trades?since={since}")

        assert set(problem(response, 400, "invalid_fields")["errors"]) == {"since"}
