"""A mass cancel and the kill switch respond once all orders are ended, however many records that takes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from order_engine import settings
from tests.integration.api.orders import answered, buy, place
from tests.integration.api.served_exchange import Served, served_exchange
from tests.integration.api.test_continuations import Call

KEYED = {"Idempotency-Key": "once"}


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """An exchange in which a command ends two orders at most."""
    monkeypatch.setattr(settings, "ENDINGS_MAX", 2)
    with served_exchange(tmp_path) as served:
        yield served


def five(served: Served) -> list[str]:
    return [place(served.client, buy(price=f"{price}"))["order_id"] for price in range(100, 105)]


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/orders?user_id=user123"), ("POST", "/users/user123/disable"), ("POST", "/users/*/disable")],
)
def test_response_names_all_orders_and_a_retry_gets_the_same(served: Served, method: str, path: str) -> None:
    order_ids = five(served)

    first = served.client.open(path, method=method, headers=KEYED)
    again = served.client.open(path, method=method, headers=KEYED)

    assert answered(first)["canceled"] == order_ids
    assert first.headers["X-Sequence"] == str(served.exchange.applied_sequence)
    assert answered(again) == answered(first)
    assert served.exchange.applied_sequence == int(first.headers["X-Sequence"])


def test_rest_is_ended_where_it_keeps_nobody_waiting(served: Served) -> None:
    order_ids = five(served)

    call = Call(served, "DELETE", "/orders?user_id=user123", {"HTTP_X_REQUESTED_WITH": "tests"})
    between = place(served.client, buy(user_id="another"))

    assert between["status"] == "OPEN"
    assert call.go_on().content == {"canceled": order_ids}
