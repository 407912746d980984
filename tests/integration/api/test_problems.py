"""Errors of every kind are problem documents, and every response has a request id."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from order_engine.api.plumbing.problems import REFUSALS
from order_engine.matching.reason import Reason
from tests.integration.api.orders import buy, problem
from tests.integration.api.served_exchange import Served


def test_method_that_a_path_does_not_take_is_told_which_it_takes(client: FlaskClient) -> None:
    response = client.put("/orders", json={})

    problem(response, 405, "method_not_allowed")
    assert {"GET", "POST", "DELETE"} <= set(response.headers["Allow"].split(", "))


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
