"""A key that signs counts with a signature only: of this request, made a moment ago, and never used before."""

import json
import time
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from order_engine.security.signatures import WINDOW_US, signature_of
from order_engine.security.stored_keys import Issued, Scope
from tests.integration.api.keyed import Keyed, keyed_exchange
from tests.integration.api.orders import buy, problem

ORDER = json.dumps({name: value for name, value in buy().items() if name != "user_id"})


class Signer:
    """Sends requests with a key that signs."""

    def __init__(self, client: FlaskClient, issued: Issued) -> None:
        assert issued.signing_secret is not None
        self.client = client
        self._secret = issued.signing_secret
        self._last_us = 0

    def headers(self, method: str, path: str, body: str = "", off_us: int = 0) -> dict[str, str]:
        """Sign a request; no two get the same time."""
        self._last_us = max(time.time_ns() // 1_000, self._last_us + 1)
        timestamp = str(self._last_us + off_us)
        signature = signature_of(self._secret, timestamp, method, path, body.encode())
        return {"X-Timestamp": timestamp, "X-Signature": signature}

    def send(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> TestResponse:
        signed = self.headers(method, path, body) if headers is None else headers
        content_type = "application/json" if body else None
        return self.client.open(path, method=method, data=body, content_type=content_type, headers=signed)


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    with keyed_exchange(tmp_path_factory.mktemp("signed") / "exchange") as keyed:
        yield keyed


@pytest.fixture(scope="module")
def signer(keyed: Keyed) -> Signer:
    issued = keyed.register.create("alice", [Scope.TRADE], signs=True)
    keyed.served.venue.admission.step()
    return Signer(keyed.client_of(issued.key), issued)


def test_signed_requests_are_let_in(signer: Signer) -> None:
    placed = signer.send("POST", "/orders", ORDER)
    order_id = placed.get_json()["order_id"]

    assert placed.status_code == 201
    assert signer.send("GET", "/api/v1/orders?status=live&limit=5").status_code == 200
    assert signer.send("PATCH", f"/orders/{order_id}", '{"quantity": "1"}').status_code == 200
    assert signer.send("DELETE", f"/orders/{order_id}?symbol=AAPL").status_code == 200
    assert signer.send("GET", "/instruments").status_code == 200


def test_without_a_signature_the_key_is_refused_even_for_market_data(keyed: Keyed, signer: Signer) -> None:
    before = keyed.served.exchange.visible_sequence

    for method, path, body in (("POST", "/orders", ORDER), ("GET", "/orders", ""), ("GET", "/instruments", "")):
        response = signer.send(method, path, body, headers={"X-Other": "x"})
        assert "X-Signature" in problem(response, 401, "unauthorized")["detail"]
    assert keyed.served.exchange.visible_sequence == before


def test_signature_of_another_request_is_refused(keyed: Keyed, signer: Signer) -> None:
    before = keyed.served.exchange.visible_sequence
    others = [
        signer.headers("PUT", "/orders", ORDER),
        signer.headers("POST", "/orders/batch", ORDER),
        signer.headers("POST", "/orders", ORDER.replace("100", "101")),
        signer.headers("POST", "/orders?x=1", ORDER),
        {**signer.headers("POST", "/orders", ORDER), "X-Timestamp": str(time.time_ns() // 1_000)},
    ]

    for headers in others:
        problem(signer.send("POST", "/orders", ORDER, headers), 401, "unauthorized")
    problem(
        signer.send("DELETE", "/orders", headers=signer.headers("DELETE", "/orders?symbol=AAPL")), 401, "unauthorized"
    )
    assert keyed.served.exchange.visible_sequence == before


def test_request_that_is_sent_again_is_refused(keyed: Keyed, signer: Signer) -> None:
    headers = signer.headers("POST", "/orders", ORDER)

    assert signer.send("POST", "/orders", ORDER, headers).status_code == 201
    before = keyed.served.exchange.visible_sequence
    again = problem(signer.send("POST", "/orders", ORDER, headers), 401, "unauthorized")
    assert "used before" in again["detail"]
    assert keyed.served.exchange.visible_sequence == before


@pytest.mark.parametrize("off_us", [-2 * WINDOW_US, 2 * WINDOW_US])
def test_request_that_was_signed_too_long_ago_or_ahead_is_refused(signer: Signer, off_us: int) -> None:
    headers = signer.headers("GET", "/orders", off_us=off_us)

    assert "X-Timestamp" in problem(signer.send("GET", "/orders", headers=headers), 401, "unauthorized")["detail"]


def test_refused_signature_is_in_the_security_log(keyed: Keyed, signer: Signer) -> None:
    problem(
        signer.send("GET", "/orders", headers={"X-Timestamp": "1", "X-Signature": "a-forged-one"}), 401, "unauthorized"
    )
    keyed.served.venue.admission.step()

    text = (keyed.served.venue.recovery.journal_directory.parent / "security.log").read_text("utf-8")
    assert "wrong_signature" in {json.loads(line).get("reason") for line in text.splitlines()}
    assert "a-forged-one" not in text
