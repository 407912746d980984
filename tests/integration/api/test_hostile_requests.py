"""Attacks over a real socket: each gets its 4xx or is closed; none causes a 500, a hang or much memory.

Wrong JSON about orders is in ``test_hostile_input``, clients that are slow on purpose in ``test_slow_clients``.
"""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import pytest

from stress.gauges import MIB, files_of, memory_of, processor_seconds_of
from tests.integration.service.server_process import ServerProcess, buy, running

TIMEOUT_SECONDS = 2
PATIENCE_SECONDS = TIMEOUT_SECONDS + 10
HUNG_UP = 0
MEBIBYTE = b"x" * MIB

ORDER = json.dumps(buy(price="1.00")).encode()
HOST = b"Host: localhost\r\n"
JSON = HOST + b"Content-Type: application/json\r\n"
POST = b"POST /orders HTTP/1.1\r\n" + JSON
GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"


def post(content: bytes, headers: bytes = JSON) -> bytes:
    return b"POST /orders HTTP/1.1\r\n" + headers + b"Content-Length: %d\r\n\r\n" % len(content) + content


def batch(content: bytes) -> bytes:
    return post(content).replace(b"/orders", b"/orders/batch", 1)


def get(target: bytes) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"


ATTACKS: dict[str, tuple[bytes, int]] = {
    # Size
    "head of 10 MB": (GET + b"X: " + MEBIBYTE * 10 + b"\r\n\r\n", 431),
    "100,000 headers": (GET + b"X: y\r\n" * 100_000 + b"\r\n", 431),
    "101 headers": (GET + b"X: y\r\n" * 101 + b"\r\n", 431),
    "header of 10 kB": (GET + b"X: " + b"x" * 10_000 + b"\r\n\r\n", 431),
    "target of 10 kB": (get(b"/" + b"x" * 10_000), 414),
    "target of 10 MB": (get(b"/" + MEBIBYTE * 10), 431),
    "path of 4 kB": (get(b"/" + b"x" * 4_000), 404),
    "path of 1,900 steps": (get(b"/x" * 1_900), 404),
    "1,300 parameters": (get(b"/orders?" + b"&".join(b"%d" % n for n in range(900))), 400),
    "the same parameter 900 times": (get(b"/orders?" + b"&".join([b"l=1"] * 900)), 400),
    "body of 10 MB": (POST + b"Content-Length: 10485760\r\n\r\n" + MEBIBYTE * 10, 413),
    "body of an exabyte": (POST + b"Content-Length: 999999999999999999\r\n\r\n", 413),
    "body of 5,000 digits": (POST + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n", 400),
    "chunks without end": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"100000\r\n" + MEBIBYTE + b"\r\n") * 10,
        413,
    ),
    "chunk of an exabyte": (POST + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", 413),
    "chunk line without end": (POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 100_000, 413),
    "trailer without end": (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 100_000, 413),
    # Requests that two parsers could read differently
    "length and chunks": (
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET + b"\r\n",
        400,
    ),
    "chunks and length": (
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + GET + b"\r\n",
        400,
    ),
    "length of zero and chunks": (POST + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} " + GET, 400),
    "list of lengths": (POST + b"Content-Length: 2, 2\r\n\r\n{}", 400),
    "length with a sign": (POST + b"Content-Length: +2\r\n\r\n{}", 400),
    "negative length": (POST + b"Content-Length: -1\r\n\r\n{}", 400),
    "length in hex": (POST + b"Content-Length: 0x2\r\n\r\n{}", 400),
    "length of other digits": (POST + b"Content-Length: \xb2\r\n\r\n{}", 400),
    "space before the colon": (POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    "length with an underscore": (POST + b"Content_Length: 2\r\n\r\n{}", 400),
    "chunks twice": (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunks of something packed": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunks not last": (POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    "coding that nobody knows": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "chunks in HTTP/1.0": (b"POST /orders HTTP/1.0\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunk of no size": (POST + b"Transfer-Encoding: chunked\r\n\r\n\r\n", 400),
    "chunk of a size that is none": (POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n", 400),
    "chunk longer than it says": (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n", 400),
    "folded header": (GET + b"X: a\r\n b\r\n\r\n", 400),
    "header without a name": (GET + b": a\r\n\r\n", 400),
    "header with NUL": (GET + b"X: \x00\r\n\r\n", 400),
    "header with a lone line feed": (GET + b"X: a\nContent-Length: 5\r\n\r\n", 400),
    "no host": (b"GET /livez HTTP/1.1\r\n\r\n", 400),
    "empty host": (b"GET /orders HTTP/1.1\r\nHost:\r\n\r\n", 421),
    "another host": (b"GET /orders HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    "two hosts": (GET + b"Host: y\r\n\r\n", 400),
    "two content types": (post(ORDER, JSON + b"Content-Type: text/plain\r\n"), 400),
    # Malformed HTTP
    "nothing but line ends": (b"\r\n\r\n", 400),
    "noise": (bytes(range(256)) * 4 + b"\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500 + b"\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /livez\r\n\r\n", 400),
    "HTTP/2 at once": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/9.9": (b"GET /livez HTTP/9.9\r\n\r\n", 400),
    "method in small letters": (b"get /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "target that is no ASCII": (get("/ä".encode()), 400),
    "expectation that nobody knows": (GET + b"Expect: the unexpected\r\n\r\n", 417),
    "head that never ends": (b"GET /livez HTTP/1.1\n\n", 408),
    "body that is too short": (POST + b"Content-Length: 100\r\n\r\n" + ORDER[:10], 408),
    # Valid HTTP with nonsense in it
    "CONNECT": (b"CONNECT example.org:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    "OPTIONS of the server": (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    "another server's target": (get(b"http://example.org/orders/x%20y"), 400),
    "target with NUL": (get(b"/orders/%00"), 400),
    "target that is no UTF-8": (get(b"/orders/%ff%fe"), 400),
    "parameter that is no UTF-8": (get(b"/orders?user_id=%ff%fe"), 200),
    "path put elsewhere": (GET + b"SCRIPT_NAME: /elsewhere\r\nPATH_INFO: /x\r\n\r\n", 200),
    "upgrade to HTTP/2": (
        GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
        200,
    ),
    "range of everything": (GET + b"Range: bytes=" + b"0-," * 2_000 + b"\r\n\r\n", 200),
    "request id with control characters": (GET + b"X-Request-ID: \x7f\r\n\r\n", 400),
    "form of 10,000 fields": (
        post(b"a=b&" * 10_000, HOST + b"Content-Type: application/x-www-form-urlencoded\r\n"),
        415,
    ),
    "charset that nobody knows": (
        post(ORDER, HOST + b"Content-Type: application/json; charset=klingon\r\n"),
        201,
    ),
    "numbers of 1 MB": (post(b'{"quantity": ' + b"9" * 900_000 + b"}"), 400),
    "exponents of 1 MB": (post(b'{"quantity": 1e' + b"9" * 900_000 + b"}"), 400),
    "nesting of 1 MB": (post(b'{"quantity": ' + b"[" * 900_000), 400),
    "values of 8 MB": (batch(b'{"orders": [' + b",".join([b"{}"] * (8 * MIB // 3 - 10)) + b"]}"), 400),
    "numbers of 8 MB": (batch(b'{"orders": [' + b",".join([b"1.1"] * (2 * MIB - 10)) + b"]}"), 400),
    "9 MB in chunks of one byte": (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * (9 * MIB // 6), 413),
    "two slashes": (get(b"//orders"), 404),
    "two slashes before an admin's path": (b"POST //admin/snapshot HTTP/1.1\r\n" + JSON + b"\r\n", 404),
    "names of 1 MB": (post(b"{" + b",".join(b'"%d":1' % n for n in range(90_000)) + b"}"), 400),
    "the same name 90,000 times": (post(b"{" + b",".join([b'"side":1'] * 90_000) + b"}"), 400),
}

BODIES = [
    *(b"", b"{", b"null", b"[]", b"\xff\xfe", b"\x00", b"{}" * 2, b"[" * 50_000, b'{"a":' * 50_000),
    *(b'{"symbol": "\\ud800"}', b'{"symbol": "\\u0000"}', b'{"symbol": NaN}', b'{"symbol": 1e999999}'),
    *(b'{"symbol": ' + b"9" * 6_000 + b"}", b'{"symbol": "' + b"x" * 900_000 + b'"}', b'{"symbol": 1, "symbol": 2}'),
    *(b'{"": {}}', b'{"__proto__": {"x": 1}}', b'{"orders": [' + b"{}," * 9_999 + b"{}]}"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    directory = tmp_path_factory.mktemp("hostile") / "exchange"
    with running(directory, CLIENT_TIMEOUT_SEC=str(TIMEOUT_SECONDS)) as server:
        yield server.wait_ready()


class Received(NamedTuple):
    """The parts of the first response that matter."""

    status: int
    media_type: str | None = None
    request_id: str | None = None
    content: bytes = b""


def answer_to(server: ServerProcess, request_bytes: bytes) -> Received:
    """Send everything, even if the server closes, and read the first response."""
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_SECONDS)) as connection:
        try:
            connection.sendall(request_bytes)
            response = http.client.HTTPResponse(connection)
            response.begin()
            content = response.read()
        except (http.client.RemoteDisconnected, ConnectionError):
            return Received(HUNG_UP)
        headers = response.headers
        return Received(response.status, headers["Content-Type"], headers["X-Request-ID"], content)


def status_of(server: ServerProcess, request_bytes: bytes) -> int:
    return answer_to(server, request_bytes).status


@pytest.mark.parametrize(("request_bytes", "status"), ATTACKS.values(), ids=ATTACKS)
def test_attack_gets_what_it_deserves(server: ServerProcess, request_bytes: bytes, status: int) -> None:
    received = answer_to(server, request_bytes)

    assert received.status == status
    if status >= 400:
        assert received.media_type == "application/problem+json"
        assert json.loads(received.content)["request_id"] == received.request_id


def test_what_stands_behind_a_refused_request_is_not_carried_out(server: ServerProcess) -> None:
    before = server.client().ask("POST", "/admin/snapshot").content["state_hash"]
    hidden = post(ORDER)
    for framing in (b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Content-Length: 0, 5", b"Content-Length: x"):
        assert status_of(server, POST + framing + b"\r\n\r\n0\r\n\r\n" + hidden) == 400

    assert server.client().ask("POST", "/admin/snapshot").content["state_hash"] == before


def test_every_route_withstands_every_method_and_body(server: ServerProcess) -> None:
    paths = server.client().get("/openapi.json")["paths"]
    statuses = {}
    for path in ("/", "/docs", "/static/page.js", *paths):
        client = server.client()
        target = path.replace("{symbol}", "AAPL").replace("{", "").replace("}", "")
        for method in ("GET", "HEAD", "OPTIONS", "TRACE", "FOO", "POST", "PUT", "PATCH", "DELETE"):
            for body in BODIES if method in ("POST", "PUT", "PATCH", "DELETE") else [b""]:
                client.connection.request(method, target, body, {"Content-Type": "application/json"})
                response = client.connection.getresponse()
                response.read()
                statuses[method, path, body[:20]] = response.status

    assert {asked: status for asked, status in statuses.items() if status >= 500} == {}
    assert {400, 404, 405} <= set(statuses.values())


@pytest.mark.slow
def test_attacks_again_and_again_take_no_memory_no_files_and_no_time(server: ServerProcess) -> None:
    attacks = [request_bytes for request_bytes, status in ATTACKS.values() if status != 408]

    def attack_all() -> None:
        for request_bytes in attacks:
            status_of(server, request_bytes)

    for _ in range(5):
        attack_all()
    process_id = server.process.pid
    memory, files, busy = memory_of(process_id), files_of(process_id), processor_seconds_of(process_id)
    for _ in range(15):
        attack_all()

    assert memory_of(process_id) < memory + 48 * MIB
    assert processor_seconds_of(process_id) < busy + 20
    server.wait_until(lambda: files_of(process_id) <= files)
    assert "Traceback" not in server.log
