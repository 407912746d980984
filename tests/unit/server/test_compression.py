"""Long responses are compressed for clients that accept gzip, in a thread, and only those to reads."""

import gzip
from collections.abc import Iterable
from threading import get_ident

import pytest

from order_engine.server import continuation_pool
from order_engine.server.compression import LONG_BYTES, compressed, wants_gzip
from order_engine.server.response_bytes import HttpResponse
from order_engine.server.served_venue import Environ, Headers, StartResponse
from tests.unit.server.stub_venue import get, serving

LONG = b'["' + b"x" * LONG_BYTES + b'"]'
JSON = ("Content-Type", "application/json")


def long_response(*headers: tuple[str, str], status: str = "200 OK", body: bytes = LONG) -> HttpResponse:
    return HttpResponse(status, list(headers) or [JSON], body)


def asking(accepted: str | None = "gzip", method: str = "GET") -> Environ:
    return {"REQUEST_METHOD": method} | ({} if accepted is None else {"HTTP_ACCEPT_ENCODING": accepted})


@pytest.mark.parametrize(
    ("accepted", "is_wanted"),
    [
        *(("gzip", True), ("GZIP", True), ("deflate, gzip;q=0.5", True), ("br,gzip", True), ("gzip; q=1.0", True)),
        *((None, False), ("", False), ("br", False), ("gzip;q=0", False), ("gzip;q=0.000", False), ("xgzip", False)),
    ],
)
def test_client_says_whether_it_accepts_gzip(accepted: str | None, is_wanted: bool) -> None:
    assert wants_gzip(asking(accepted), long_response()) is is_wanted


@pytest.mark.parametrize(
    ("environ", "response"),
    [
        (asking(), long_response(body=b"short")),
        (asking(method="POST"), long_response()),
        (asking(method="HEAD"), long_response()),
        (asking(), long_response(status="503 Service Unavailable")),
        (asking(), long_response(("Content-Type", "image/png"))),
        (asking(), long_response(JSON, ("ETag", '"1"'))),
        (asking(), long_response(JSON, ("Content-Encoding", "br"))),
    ],
)
def test_other_responses_stay_as_they_are(environ: Environ, response: HttpResponse) -> None:
    assert not wants_gzip(environ, response)


def test_compressed_response_says_so_and_is_the_same() -> None:
    status, headers, body = compressed(long_response(JSON, ("Content-Length", str(len(LONG)))))

    assert gzip.decompress(body) == LONG
    assert status == "200 OK"
    assert dict(headers) == {
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "Vary": "Accept-Encoding",
        "Content-Length": str(len(body)),
    }


def test_loop_leaves_the_work_to_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: dict[str, int] = {}

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        threads["loop"] = get_ident()
        headers: Headers = [JSON, ("Content-Length", str(len(LONG)))]
        start_response("200 OK", headers)
        return [LONG]

    def compress(response: HttpResponse) -> HttpResponse:
        threads["compression"] = get_ident()
        return compressed(response)

    monkeypatch.setattr(continuation_pool, "compressed", compress)
    packed = gzip.compress(LONG, 1, mtime=0)
    with serving(app) as served:
        client = served.client()
        client.send(get("/", "Accept-Encoding: gzip"))
        received = client.receive(packed[-8:])
        client.send(get("/"))
        plain = client.receive(LONG[-8:])

    assert received.endswith(b"\r\n\r\n" + packed)
    assert threads["loop"] != threads["compression"]
    assert plain.endswith(b"\r\n\r\n" + LONG)
