"""POST /orders/batch."""

from flask.testing import FlaskClient

from tests.integration.api.orders import answered, buy, problem, sell


def test_each_entry_is_accepted_or_refused_by_itself_in_order(client: FlaskClient) -> None:
    entries = [sell(quantity="10"), {"symbol": "AAPL", "colour": "red"}, buy(price="1.001"), 7, buy(quantity="4")]

    response = client.post("/orders/batch", json={"orders": entries})

    results = answered(response)["results"]
    assert response.status_code == 200
    assert [result["status"] for result in results] == [201, 400, 422, 400, 201]
    assert results[0]["order"]["status"] == "OPEN"
    assert set(results[1]["problem"]["errors"]) == {"side", "quantity", "colour"}
    assert results[2]["problem"]["code"] == "tick_size"
    assert results[2]["problem"]["order"]["status"] == "REJECTED"
    assert results[3]["problem"]["code"] == "invalid_fields"
    assert results[4]["order"]["trades"][0]["maker_order_id"] == results[0]["order"]["order_id"]
    assert results[4]["order"]["trades"][0]["sequence"] == results[4]["order"]["sequence"]
    assert response.headers["X-Sequence"] == str(results[4]["order"]["sequence"])


def test_orders_are_numbered_one_after_the_other(client: FlaskClient) -> None:
    results = answered(client.post("/orders/batch", json={"orders": [buy()] * 1000}))["results"]

    sequences = [result["order"]["sequence"] for result in results]
    assert sequences == list(range(sequences[0], sequences[0] + 1000))


def test_batch_of_nothing_but_wrong_entries_changes_nothing(client: FlaskClient) -> None:
    before = client.post("/orders", json=buy()).headers["X-Sequence"]

    response = client.post("/orders/batch", json={"orders": [{}, {}]})

    assert [result["status"] for result in answered(response)["results"]] == [400, 400]
    assert "X-Sequence" not in response.headers
    assert client.post("/orders", json=buy()).headers["X-Sequence"] == str(int(before) + 1)


def test_batch_that_is_no_list_of_1_to_1000_is_wrong(client: FlaskClient) -> None:
    for orders in ([], [buy()] * 1001, "orders", None, {"0": buy()}):
        response = client.post("/orders/batch", json={"orders": orders})

        assert set(problem(response, 400, "invalid_fields")["errors"]) == {"orders"}
    assert answered(client.get("/orders"))["orders"] == []


def test_batch_with_an_unknown_field_is_wrong(client: FlaskClient) -> None:
    response = client.post("/orders/batch", json={"orders": [buy()], "atomic": True})

    assert set(problem(response, 400, "invalid_fields")["errors"]) == {"atomic"}


def test_batch_may_be_larger_than_other_bodies(client: FlaskClient) -> None:
    padded = [buy(client_order_id=f"{number:064d}") for number in range(1000)]
    text = client.application.json.dumps({"orders": padded}, indent=20)
    assert len(text) > 1 << 18

    response = client.post("/orders/batch", data=" " * (1 << 20) + text, content_type="application/json")

    assert response.status_code == 200


def test_entries_that_the_bound_of_a_record_does_not_reach_are_told_to_come_again(client: FlaskClient) -> None:
    for _ in range(11):
        client.post("/orders/batch", json={"orders": [sell(quantity="1", user_id="maker")] * 1000})

    entries = [buy(quantity="10000"), buy(quantity="7"), {"colour": "red"}]
    keyed = {"json": {"orders": entries}, "headers": {"Idempotency-Key": "once"}}
    response = client.post("/orders/batch", **keyed)

    results = answered(response)["results"]
    assert [result["status"] for result in results] == [201, 503, 400]
    assert answered(client.post("/orders/batch", **keyed))["results"] == results
    assert results[0]["order"]["status"] == "FILLED"
    assert results[0]["order"]["filled_quantity"] == "10000"
    assert results[0]["order"]["trades_cursor"] is not None
    assert results[1]["problem"]["code"] == "batch_cut"
    assert response.headers["X-Sequence"] == str(results[0]["order"]["sequence"])
