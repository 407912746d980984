"""Errors of every kind are problem documents, and every response has a request id."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from order_engine.api.plumbing.refusals import REFUSALS
from order_engine.matching.reason import Reason
from tests.integration.api.orders import answered, buy, place, problem
from tests.integration.api.served_exchange import Served


def test_method_that_a_path_does_not_take_is_told_which_it_takes(client: FlaskClient) -> None:
    response = client.put("/orders", json={})

    problem(response, 405, "method_not_allowed")
    assert {"GET", "POST", "DELETE"} <= set(response.headers["Allow"].split(", "))


def test_every_path_says_which_methods_it_takes(served: Served) -> None:
    paths: dict[str, set[str]] = {}
    for rule in served.app.url_map.iter_rules():
        if not rule.rule.startswith("/static"):
            paths.setdefault(rule.rule, set()).update(rule.methods or ())

    assert len(paths) > 50
    for rule_path, methods in paths.items():
        path = re.sub("<[^>]*>", "AAPL", rule_path)
        options = served.client.options(path)
        assert (options.status_code, set(options.headers["Allow"].split(", "))) == (200, methods), path
        refused = served.client.open(path, method="TRACE")
        problem(refused, 405, "method_not_allowed")
        assert set(refused.headers["Allow"].split(", ")) == methods, path


def test_mistake_of_ours_is_a_problem_without_particulars(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(served.exchange, "instruments", fail)

    response = served.client.get("/instruments")

    problem(response, 500, "internal_error")
    assert "secret" not in response.text


def test_request_keeps_the_id_that_its_caller_gave(client: FlaskClient) -> None:
    for path in ("/orders", "/nothing", "/", "/docs"):
        assert client.get(path, headers={"X-Request-ID": "mine-1"}).headers.get_all("X-Request-ID") == ["mine-1"]


@pytest.mark.parametrize("unfit", ["", "x" * 129, "two words", "ä", "tab\t"])
def test_request_with_an_id_unfit_to_be_shown_gets_another(client: FlaskClient, unfit: str) -> None:
    given = client.get("/orders", headers={"X-Request-ID": unfit}).headers["X-Request-ID"]

    assert given
    assert given != unfit


def test_requests_without_an_id_get_different_ones(client: FlaskClient) -> None:
    ids = {client.post("/orders", json=buy()).headers["X-Request-ID"] for _ in range(10)}

    assert len(ids) == 10


def test_every_refusal_of_the_rulebook_is_explained() -> None:
    endings = {
        Reason.USER_REQUESTED,
        Reason.DISCONNECT,
        Reason.IOC_REMAINDER,
        Reason.FOK_UNFILLED,
        Reason.NO_LIQUIDITY,
        Reason.AMENDED_BELOW_FILLED,
        Reason.SELF_TRADE,
        Reason.PRICE_BAND,
        Reason.TRADE_LIMIT,
        Reason.SETTLED,
        Reason.EXPIRED,
        Reason.CIRCUIT_BREAKER,
    }

    assert set(REFUSALS) == set(Reason) - endings


def test_database_file_that_is_missing_is_starting(served: Served, tmp_path: Path) -> None:
    for file in tmp_path.glob("exchange.db*"):
        file.unlink()

    for path in ("/orders", "/trades", "/positions/ann"):
        response = served.app.test_client().get(path)

        problem(response, 503, "database_starting")
        assert int(response.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    ("order", "code", "detail"),
    [
        (
            buy(price="150.505"),
            "tick_size",
            "price: 150.505 is not a multiple of the tick 0.01; the nearest are 150.50 and 150.51",
        ),
        (buy(price="0.001"), "tick_size", "price: 0.001 is not a multiple of the tick 0.01; the nearest is 0.01"),
        (
            buy(type="STOP_LIMIT", stop_price="10.001", price="9.999"),
            "tick_size",
            "price: 9.999 is not a multiple of the tick 0.01; the nearest are 9.99 and 10.00; "
            "stop_price: 10.001 is not a multiple of the tick 0.01; the nearest are 10.00 and 10.01",
        ),
        (
            buy(symbol="LOTS", quantity="12.5"),
            "lot_size",
            "quantity: 12.5 is not a multiple of the lot 10; the nearest are 10 and 20",
        ),
    ],
)
def test_refusal_names_the_amount_and_the_nearest_that_fit(
    client: FlaskClient, order: dict[str, object], code: str, detail: str
) -> None:
    client.post("/instruments", json={"symbol": "LOTS", "lot_size": "10"})

    assert problem(client.post("/orders", json=order), 422, code)["detail"] == detail
    (result,) = answered(client.post("/orders/batch", json={"orders": [order]}))["results"]
    assert result["problem"]["detail"] == detail


def test_refused_amend_names_the_amount_and_the_nearest_that_fit(client: FlaskClient) -> None:
    path = f"/orders/{place(client, buy(client_order_id='mine'))['order_id']}"
    by_client_id = "/orders/by-client-id/mine?user_id=user123"

    for amend in (client.patch(path, json={"price": 1.001}), client.patch(by_client_id, json={"price": 1.001})):
        detail = "price: 1.001 is not a multiple of the tick 0.01; the nearest are 1.00 and 1.01"
        assert problem(amend, 422, "tick_size")["detail"] == detail


def test_repeated_refusal_says_the_reason_once_the_tick_has_changed(client: FlaskClient) -> None:
    client.post("/instruments", json={"symbol": "AAPL"})
    headers = {"Idempotency-Key": "k"}
    client.post("/orders", json=buy(price="1.005"), headers=headers)
    client.patch("/instruments/AAPL", json={"tick_size": "0.005"})

    again = client.post("/orders", json=buy(price="1.005"), headers=headers)

    assert problem(again, 422, "tick_size")["detail"] == REFUSALS[Reason.TICK_SIZE]


def test_detail_says_what_is_wrong_with_each_field(client: FlaskClient) -> None:
    response = client.post("/orders", json=buy(price="-1", quantity=0))

    detail = problem(response, 400, "invalid_fields")["detail"]

    # The client sends the fields in order of their names.
    assert detail == "price: Must not be negative. quantity: Must be greater than 0."
