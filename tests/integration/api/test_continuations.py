"""Reads of the database continue in another thread, if the server can do that."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from order_engine.api.plumbing.parking import CAN_CONTINUE, CONTINUATION, SEQUENCE, Continuation
from tests.integration.api.orders import buy, place, sell
from tests.integration.api.served_exchange import Served, served_exchange


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Served]:
    """An exchange with a trade, all of it in the database."""
    with served_exchange(tmp_path) as served:
        place(served.client, buy())
        place(served.client, sell(quantity="40"))
        assert served.progress.wait_shown(served.exchange.visible_sequence, 5)
        yield served


class Call:
    """A request as the server's loop makes it."""

    def __init__(self, served: Served, method: str, path: str, headers: dict[str, str] | None = None) -> None:
        path, _, query = path.partition("?")
        self.environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "5000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "CONTENT_LENGTH": "0",
            CAN_CONTINUE: True,
            **(headers or {}),
        }
        self.status = ""
        self.headers: dict[str, str] = {}
        self.body = b"".join(served.app(self.environ, self._start))

    @property
    def continuation(self) -> Continuation | None:
        """The continuation that the app left."""
        return self.environ.get(CONTINUATION)

    @property
    def content(self) -> Any:  # Any: JSON
        """The body, decoded."""
        return msgspec.json.decode(self.body)

    def go_on(self) -> "Call":
        """Run the continuation."""
        continuation = self.environ.pop(CONTINUATION)
        self.body = b"".join(continuation.run(self._start))
        return self

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
        self.status, self.headers = status, dict(headers)


@pytest.mark.parametrize(
    "path", ["/orders", "/trades", "/positions/user123", "/market/AAPL", "/market/AAPL/candles", "/orders/user/user123"]
)
def test_read_of_the_database_goes_on_later_and_responds_alike(busy: Served, path: str) -> None:
    call = Call(busy, "GET", path)

    assert call.continuation is not None
    assert call.continuation.min_sequence == 0
    assert call.go_on().status == "200 OK"
    assert call.content == busy.client.get(path).get_json()
    assert call.continuation is None
    assert call.headers["X-Request-ID"]


def test_read_waits_for_the_sequence_that_its_caller_has_seen(busy: Served) -> None:
    seen = str(busy.exchange.visible_sequence)

    call = Call(busy, "GET", "/orders", {"HTTP_X_MIN_SEQUENCE": seen})

    assert call.continuation is not None
    assert call.continuation.min_sequence == int(seen)
    assert call.continuation.seconds > 0


@pytest.mark.parametrize("path", ["/bbo/AAPL", "/market/AAPL/depth", "/instruments", "/risk-limits/u", "/health"])
def test_what_memory_has_is_answered_at_once(busy: Served, path: str) -> None:
    call = Call(busy, "GET", path)

    assert call.continuation is None
    assert call.status == "200 OK"


@pytest.mark.parametrize("path", ["/orders?limit=0", "/trades?since=yesterday", "/market/NONE", "/orders/2?symbol=B"])
def test_what_is_wrong_at_once_is_said_at_once(busy: Served, path: str) -> None:
    call = Call(busy, "GET", path)

    assert call.continuation is None
    assert call.status.startswith("40")


def test_refused_cancel_that_memory_cannot_explain_goes_on_later(busy: Served) -> None:
    call = Call(busy, "DELETE", "/orders/31337")

    assert call.continuation is not None
    refused_at = busy.exchange.applied_sequence
    assert call.continuation.min_sequence == call.environ[SEQUENCE] == refused_at
    assert busy.progress.wait_shown(refused_at, 5)
    assert call.go_on().status == "404 Not Found"
    assert (call.content["code"], call.headers["X-Sequence"]) == ("unknown_order", str(refused_at))
    # It was submitted once.
    assert busy.exchange.applied_sequence == refused_at


def test_read_that_comes_too_early_says_so(busy: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    call = Call(busy, "GET", "/orders/31337")
    monkeypatch.setattr(busy.progress, "shows", lambda _: False)

    assert call.go_on().status == "503 Service Unavailable"
    assert call.content["code"] == "projection_behind"


def test_response_depends_on_what_was_seen(busy: Served) -> None:
    for path in ("/bbo/AAPL", "/bbo/NONE", "/orders/2"):
        assert Call(busy, "GET", path).environ[SEQUENCE] == busy.exchange.applied_sequence
