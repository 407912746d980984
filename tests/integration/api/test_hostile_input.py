"""Any wrong input gets a 4xx that names the field, and changes nothing."""

import gc
import json
import tracemalloc
from collections.abc import Iterator
from io import BytesIO

import pytest
from flask.testing import FlaskClient

from tests.integration.api.orders import buy, problem
from tests.integration.api.served_exchange import Served


@pytest.fixture
def client(served: Served) -> Iterator[FlaskClient]:
    """A client whose requests must add nothing to the journal."""
    before = served.exchange.visible_sequence
    yield served.client
    assert served.exchange.visible_sequence == before


NO_AMOUNTS = [
    *("NaN", "nan", "Infinity", "-1", "0", "0.000000001", "1e400", "1e-9", "1e99999999", "10000000001", "", " 1", "1 "),
    *("1_000", "0x10", "\u0661", "1,5", "1.", ".5", "1" * 65, "1" * 1_000_000, "null"),
    *(-1, 0, 0.000000001, 10**11, True, [], {}, [1], {"value": 1}),
]


@pytest.mark.parametrize("amount", NO_AMOUNTS, ids=lambda amount: repr(amount)[:20])
@pytest.mark.parametrize("field", ["quantity", "price"])
def test_amount_that_is_none_is_named(client: FlaskClient, field: str, amount: object) -> None:
    response = client.post("/orders", json=buy(**{field: amount}))

    assert set(problem(response, 400, "invalid_fields")["errors"]) == {field}


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e999999999999999999999", "1" * 4000, "-0.5", "1e-400"])
def test_number_beyond_every_range_is_refused(client: FlaskClient, number: str) -> None:
    text = f'{{"user_id": "u", "symbol": "AAPL", "side": "BUY", "price": 1, "quantity": {number}}}'

    response = client.post("/orders", data=text, content_type="application/json")

    if response.get_json()["code"] == "malformed_request":
        assert len(number) == 4000
    else:
        assert set(problem(response, 400, "invalid_fields")["errors"]) == {"quantity"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("symbol", value)
            for value in ("", "ÄPFEL", "A B", "😀", "A" * 33, "../etc", "A\x00", 7, None, [], "\u017f", "ß")
        ),
        *(("user_id", value) for value in ("", "a b", "x" * 65, "x" * 1_000_000, "\x00", "é", -7, True, {})),
        *(("client_order_id", value) for value in ("", "a b", "x" * 41, "\n", "'; DROP TABLE orders; --", -7)),
        *(("side", value) for value in ("", "UP", 1, None, ["BUY"], "BUY ", "bu\u0443")),
        *(("type", value) for value in ("", "ICEBERG", 1, "L" * 1_000_000)),
        *(("time_in_force", value) for value in ("", "GFD", 1)),
        *((name, value) for name in ("stop_price", "display_quantity", "trail_amount") for value in (0, "x", "-1", [])),
        *(("expire_at", value) for value in ("", "tomorrow", 1, "2026-13-01T00:00:00Z", "2026-11-21T00:00:00")),
        *(("self_trade_prevention", value) for value in ("", "CANCEL", True)),
        *(("post_only", value) for value in ("true", 1, 0, "", [])),
        *(("order_id", value) for value in ("7", None)),
        *((name, 1) for name in ("x", "__class__", "Quantity", "ü", "x" * 1_000)),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_field_of_wrong_form_is_named(client: FlaskClient, field: str, value: object) -> None:
    response = client.post("/orders", json=buy(**{field: value}))

    assert set(problem(response, 400, "invalid_fields")["errors"]) == {field[:64]}
    assert len(response.data) < 2_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"quantity": NaN}',
        b'{"quantity": Infinity}',
        b"{'quantity': 1}",
        b'{"user_id": "\xff"}',
        b'{"user_id": "\\ud800"}',
        '{"user_id": "u"}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}",
        b"[]",
        b"null",
        b"7",
        b'"order"',
        b"{} {}",
    ],
    ids=lambda body: repr(body[:16]),
)
def test_body_that_is_no_json_object_is_malformed(client: FlaskClient, body: bytes) -> None:
    for path in ("/orders", "/orders/batch", "/orders/cancel", "/instruments"):
        problem(client.post(path, data=body, content_type="application/json"), 400, "malformed_request")


@pytest.mark.parametrize(
    "body", ['"quantity": "1", "quantity": "100"', '"quantity": 1, "q\\u0075antity": 1', '"quantity": 1, "quantity": 1']
)
def test_field_given_twice_is_named(client: FlaskClient, body: str) -> None:
    text = f'{{"user_id": "a:b:c", "symbol": "AAPL", "side": "BUY", "price": 1, {body}}}'

    response = client.post("/orders", data=text, content_type="application/json")

    assert problem(response, 400, "invalid_fields")["errors"] == {"quantity": ["Given more than once."]}


def test_field_given_twice_within_a_batch_is_named(client: FlaskClient) -> None:
    text = f'{{"orders": [{json.dumps(buy())}, {{"side": "BUY", "side": "SELL"}}]}}'

    response = client.post("/orders/batch", data=text, content_type="application/json")

    assert set(problem(response, 400, "invalid_fields")["errors"]) == {"side"}


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "text/json", "application/jsonx", "json"]
)
def test_body_of_another_type_is_not_taken(client: FlaskClient, content_type: str) -> None:
    for method, path in (("POST", "/orders"), ("PUT", "/orders/1"), ("POST", "/orders/batch")):
        response = client.open(path, method=method, data=json.dumps(buy()), content_type=content_type)

        problem(response, 415, "unsupported_media_type")


def test_compressed_body_is_not_taken(client: FlaskClient) -> None:
    response = client.post("/orders", json=buy(), headers={"Content-Encoding": "gzip"})

    problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(("path", "bytes_max"), [("/orders", 1 << 20), ("/orders/batch", 8 << 20)])
def test_body_that_is_too_large_is_not_read(client: FlaskClient, path: str, bytes_max: int) -> None:
    response = client.post(path, data=b" " * (bytes_max + 1), content_type="application/json")

    problem(response, 413, "body_too_large")


def test_body_that_comes_in_chunks_is_not_read_further_than_others(client: FlaskClient) -> None:
    payload = json.dumps(buy()).encode().ljust((1 << 20) + 1)

    response = client.post(
        "/orders",
        input_stream=BytesIO(payload + b"more"),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True},
    )

    problem(response, 413, "body_too_large")


@pytest.mark.parametrize("path", ["/orders?x=1", "/orders/cancel?symbol=AAPL", "/instruments?user_id=u"])
def test_parameter_where_none_belongs_is_named(client: FlaskClient, path: str) -> None:
    response = client.post(path, json=buy())

    assert set(problem(response, 400, "invalid_fields")["errors"]) == {path.split("?")[1].split("=")[0]}


@pytest.mark.parametrize("order_id", ["a b", "x" * 65, "%00", "%C3%A4", "%ff"])
def test_order_id_of_wrong_form_is_named(client: FlaskClient, order_id: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        response = client.open(f"/orders/{order_id}", method=method, json={"quantity": 1})

        assert set(problem(response, 400, "invalid_fields")["errors"]) == {"order_id"}


@pytest.mark.parametrize(
    "path",
    [
        *("/orders/../../etc/passwd", "/static/../../order_engine/settings.py", "/static/%2e%2e/%2e%2e/etc/passwd"),
        *("/orders/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/api//v1/orders", "/api/v2/orders", "/static/"),
        *("/static//etc/passwd", "/nothing", "/api/v1/", "/.git/config", "/%00", "/\\"),
    ],
)
def test_path_that_leads_nowhere_is_not_found(client: FlaskClient, path: str) -> None:
    problem(client.get(path), 404, "not_found")


def test_content_length_that_lies_is_refused(client: FlaskClient) -> None:
    response = client.post(
        "/orders", data=b'{"side":', content_type="application/json", headers={"Content-Length": "4"}
    )

    problem(response, 400, "malformed_request")


def test_names_that_nobody_knows_are_not_kept(client: FlaskClient) -> None:
    def send(number: int) -> None:
        names = {f"{number}-{name}": 1 for name in range(10_000)}
        problem(client.post("/orders", json=names), 400, "invalid_fields")

    send(0)
    tracemalloc.start()
    try:
        for number in range(1, 6):
            send(number)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 1_000_000
