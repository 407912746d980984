"""A request is read once all of it has come, in any pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_engine.api.plumbing.problems import Problem
from order_engine.server.chunked_body import BODY_BYTES_MAX
from order_engine.server.request_head import HEAD_BYTES_MAX, HeaderNames
from order_engine.server.request_reader import RequestReader

HOST = b"POST /orders HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HOST + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = {
    "no body": (b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    "line end before it": (b"\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    "body": (HOST + b"Content-Length: 5\r\n\r\nabcde", b"abcde"),
    "other letters": (HOST + b"CONTENT-length:  5 \r\n\r\nabcde", b"abcde"),
    "body that looks like a request": (
        HOST + b"Content-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ),
    "nothing to wait for": (HOST + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n", b""),
    "empty body": (HOST + b"Content-Length: 0\r\n\r\n", b""),
    "chunks": (CHUNKED + b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", b"abcd"),
    "chunk that looks like an end": (CHUNKED + b"A\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n0\r\n\r\n"),
    "chunks with more to say": (CHUNKED + b'3 ; n="v"\r\nabc\r\n0;x\r\nX-Sum: 1\r\nHost: other\r\n\r\n', b"abc"),
    "upgrade": (HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
    "method that nobody knows": (b"FOO /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
    "HTTP/1.0": (b"POST /x HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
}


def new_reader() -> RequestReader:
    return RequestReader(HeaderNames(), {"SERVER_PROTOCOL": "HTTP/1.1", "QUERY_STRING": ""})


def reader_of(*pieces: bytes) -> RequestReader:
    reader = new_reader()
    for piece in pieces:
        reader.add(piece)
    return reader


@pytest.mark.parametrize(("request_bytes", "body"), WHOLE.values(), ids=WHOLE)
def test_request_is_whole_with_its_last_byte_and_not_before(request_bytes: bytes, body: bytes) -> None:
    reader = new_reader()

    for position in range(len(request_bytes) - 1):
        reader.add(request_bytes[position : position + 1])
        assert reader.next_request() is None
    reader.add(request_bytes[-1:])
    environ = reader.next_request()

    assert environ is not None
    assert environ["wsgi.input"].read() == body
    assert len(reader) == 0
    assert not reader.is_amid_request


@given(st.lists(st.sampled_from(sorted(WHOLE)), min_size=1, max_size=4), st.data())
def test_requests_behind_each_other_are_told_apart(names: list[str], draw: st.DataObject) -> None:
    stream = b"".join(WHOLE[name][0] for name in names)
    cuts = sorted(draw.draw(st.sets(st.integers(0, len(stream)), max_size=5)))
    reader, bodies = new_reader(), []

    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        reader.add(stream[start:end])
        while environ := reader.next_request():
            bodies.append(environ["wsgi.input"].read())

    assert bodies == [WHOLE[name][1] for name in names]
    assert len(reader) == 0


@pytest.mark.parametrize(
    ("status", "request_bytes"),
    [
        (431, HOST + b"X: " + b"x" * HEAD_BYTES_MAX),
        (431, HOST + b"X: x\r\n" * 100 + b"\r\n"),
        (431, HOST + b"X: " + b"x" * 8_190 + b"\r\n\r\n"),
        (414, b"GET /" + b"x" * 4_094 + b" HTTP/1.1\r\n\r\n"),
        (413, HOST + b"Content-Length: %d\r\n\r\n" % (BODY_BYTES_MAX + 1)),
        (413, HOST + b"Content-Length: 999999999999999999\r\n\r\n"),
        (413, HOST + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"),
        (413, CHUNKED + b"FFFFFFFFFFFFFFFF\r\n"),
        (413, CHUNKED + b"1;" + b"x" * 10_000),
        (413, CHUNKED + b"1\r\na\r\n" * (BODY_BYTES_MAX // 4 + 1)),
        (413, CHUNKED + b"0\r\n" + b"X: x\r\n" * 20_000),
        (400, CHUNKED + b"\r\n"),
        (400, CHUNKED + b"-1\r\nx\r\n"),
        (400, CHUNKED + b"1\r\nxyz\r\n"),
        (400, HOST + b"Content-Length:\r\n\r\n"),
        (400, HOST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde"),
        (400, HOST + b"Content-Length: 1_0\r\n\r\n"),
        (400, HOST + b"Host: x\r\n\r\n"),
        (400, HOST + b"X: a\r\n\tb\r\n\r\n"),
        (400, HOST + b"X: a\rb\r\n\r\n"),
        (400, b"GET orders HTTP/1.1\r\n\r\n"),
        (400, b"GET * HTTP/1.1\r\n\r\n"),
        (400, b"GET  / HTTP/1.1\r\n\r\n"),
        (400, b"GET / HTTP/1.1 \r\n\r\n"),
        (400, b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
        (501, HOST + b"Transfer-Encoding: br, chunked\r\n\r\n"),
        (400, HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n"),
        (417, HOST + b"Expect: a miracle\r\n\r\n"),
    ],
    ids=lambda value: repr(value)[-40:],
)
def test_request_that_two_readers_could_take_for_different_ones_is_refused(status: int, request_bytes: bytes) -> None:
    reader = reader_of(request_bytes)

    with pytest.raises(Problem) as refused:
        reader.next_request()

    assert refused.value.status == status


@pytest.mark.parametrize(("version", "leave"), [(b"1.1", b"HTTP/1.1 100 Continue\r\n\r\n"), (b"1.0", b"")])
def test_leave_to_send_the_body_is_for_those_who_can_be_given_it(version: bytes, leave: bytes) -> None:
    reader = reader_of(b"POST / HTTP/" + version + b"\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")

    assert reader.next_request() is None

    assert reader.interim == leave


def test_names_of_headers_that_nobody_uses_twice_are_not_kept_for_ever() -> None:
    names = HeaderNames()
    for number in range(10_000):
        assert names[b"X-%d" % number] == f"HTTP_X_{number}"

    assert len(names) < 1_000
