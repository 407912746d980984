"""The followers' lag, read from /health."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import pytest

from stress.health import LagWatch, lags_of


@pytest.fixture
def falling() -> Iterator[int]:
    """Serve a health whose lag falls from 2 to 0 and stays there; yield the port."""
    lags = [2, 1, 0]

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"lag": {"database": lags.pop(0) if len(lags) > 1 else lags[0]}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Health)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_worst_lag_is_kept_and_catching_up_is_seen(falling: int) -> None:
    with LagWatch(falling) as watch:
        while not watch.worst:
            Event().wait(0.01)
        assert watch.wait_caught_up(30)

    assert 1 <= watch.worst["database"] <= 2


def test_server_that_is_gone_gives_no_lag() -> None:
    assert lags_of(1) == {}


def test_server_that_does_not_answer_has_not_caught_up() -> None:
    assert not LagWatch(1).wait_caught_up(0.5)
