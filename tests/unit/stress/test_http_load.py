"""The load generators: both send the requests and return rates and percentiles; a response other than 2xx fails."""

import os
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from stress.benchmarks.http_load import Load, LoadFailed

BODIES = [{"number": number} for number in range(3)]


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: ClassVar[set[tuple[str, bytes]]] = set()

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.asked.add((self.command, body.replace(b" ", b"")))
        self.send_response(404 if self.path == "/away" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815 -- the name that http.server looks for

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(params=["wrk", "threads"])
def port(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    if request.param == "threads":
        monkeypatch.setenv("PATH", "")
    elif not shutil.which("wrk"):
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail("REQUIRE_SERVICES=1, but wrk is not installed")
        pytest.skip("wrk is not installed")
    Answer.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_body_is_posted_and_percentiles_rise(port: int) -> None:
    rate = Load(BODIES, connections=2, seconds=1).put_on(port, "/")

    assert rate.requests_per_second > 0
    assert 0 < rate.median_ms <= rate.percentile_95_ms <= rate.percentile_99_ms <= rate.percentile_99_9_ms
    assert Answer.asked == {("POST", b'{"number":%d}' % number) for number in range(3)}


def test_without_bodies_it_gets(port: int) -> None:
    assert Load([], connections=2, seconds=1).put_on(port, "/").requests_per_second > 0

    assert Answer.asked == {("GET", b"")}


def test_answer_that_is_not_2xx_fails_the_load(port: int) -> None:
    with pytest.raises(LoadFailed):
        Load([], connections=1, seconds=1).put_on(port, "/away")
