"""How a request is sent again: with the same key, after longer and longer pauses, and not for ever."""

import pytest
from httpx import ConnectError, ReadTimeout, Response

from order_engine.client import Busy, Invalid, NoResponse, NotUnderstood, Problem, Refused, Unavailable, requests
from order_engine.client.delivery import PAUSE_SECONDS_MAX, Deliveries, Retry

GONE = ConnectError("refused")
STARTING = Response(
    503, headers={"Retry-After": "1"}, json={"status": 503, "code": "starting", "detail": "The exchange starts."}
)
BUY = requests.place(symbol="AAPL", side="BUY", quantity=1, price="150.50")
CANCELED = Response(200, headers={"X-Sequence": "7"}, json={"canceled": ["1"]})


def deliveries(retries: int = 3, chance: float = 0.0) -> Deliveries:
    """Deliveries of a client whose chance is always the same."""
    return Deliveries("secret", retries, lambda: chance)


def test_command_keeps_its_key_and_another_one_has_another() -> None:
    client = deliveries()

    first, second = client.begin(BUY), client.begin(BUY)

    assert first.judge(GONE) == Retry(0.1)
    assert first.headers["Idempotency-Key"] != second.headers["Idempotency-Key"]
    assert first.headers["X-API-Key"] == "secret"
    assert first.content == b'{"symbol":"AAPL","side":"BUY","quantity":1,"price":"150.50"}'


def test_key_of_the_caller_is_used_and_is_no_field_of_the_order() -> None:
    delivery = deliveries().begin(requests.place(symbol="A", side="BUY", quantity=1, idempotency_key="mine"))

    assert delivery.headers["Idempotency-Key"] == "mine"
    assert b"mine" not in (delivery.content or b"")


def test_read_has_no_key_and_sees_what_was_written() -> None:
    client = deliveries()
    client.begin(requests.cancel_all("ann")).judge(CANCELED)

    headers = client.begin(requests.orders()).headers

    assert headers["X-Min-Sequence"] == "7"
    assert "Idempotency-Key" not in headers


@pytest.mark.parametrize(("chance", "expected"), [(0.0, [0.1, 0.2, 0.4]), (1.0, [0.05, 0.1, 0.2])])
def test_pauses_double_and_chance_shortens_them(chance: float, expected: list[float]) -> None:
    delivery = deliveries(chance=chance).begin(BUY)

    assert [delivery.judge(ReadTimeout("slow")) for _ in expected] == [Retry(seconds) for seconds in expected]


def test_pause_is_bounded() -> None:
    delivery = deliveries(retries=2_000).begin(BUY)

    pauses = [delivery.judge(GONE) for _ in range(2_000)]

    assert pauses[-1] == Retry(PAUSE_SECONDS_MAX)


def test_pause_is_at_least_what_the_exchange_asks_for() -> None:
    assert deliveries().begin(BUY).judge(STARTING) == Retry(1.1)


def test_after_the_last_try_the_failure_is_raised() -> None:
    client = deliveries(retries=1)
    unanswered, refused = client.begin(BUY), client.begin(BUY)
    unanswered.judge(GONE)
    refused.judge(GONE)

    with pytest.raises(NoResponse, match="POST /api/v1/orders: no response in 2 tries"):
        unanswered.judge(GONE)
    with pytest.raises(Unavailable, match="starting: The exchange starts"):
        refused.judge(STARTING)


@pytest.mark.parametrize(("status", "kind"), [(400, Invalid), (422, Refused), (429, Busy), (503, Unavailable)])
def test_problem_that_will_not_pass_is_raised_at_once(status: int, kind: type[Problem]) -> None:
    content = {"status": status, "code": "a_code", "detail": "Why.", "errors": {"price": ["Wrong."]}, "new": "field"}

    with pytest.raises(kind, match="a_code: Why") as raised:
        deliveries().begin(BUY).judge(Response(status, json=content))

    assert (raised.value.status, raised.value.code, raised.value.detail) == (status, "a_code", "Why.")
    assert raised.value.errors == {"price": ["Wrong."]}


def test_what_is_no_problem_document_is_a_problem_all_the_same() -> None:
    with pytest.raises(Problem, match="HTTP 502: <html>") as raised:
        deliveries().begin(BUY).judge(Response(502, content=b"<html>" + b"x" * 10_000))

    assert raised.value.status == 502
    assert len(raised.value.detail) < 300


def test_success_that_cannot_be_read_is_told() -> None:
    with pytest.raises(NotUnderstood, match="canceled"):
        deliveries().begin(requests.cancel_all("ann")).judge(Response(200, json={}))


def test_float_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(TypeError, match=r"price: found the float 150\.5"):
        requests.place(symbol="AAPL", side="BUY", quantity=1, price=150.5)  # type: ignore[arg-type]  # what is tested
