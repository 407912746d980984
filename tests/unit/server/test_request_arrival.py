"""Where a request ends: found once all of it is here, whatever the pieces in which it comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_engine.server.request_arrival import BODY_BYTES_MAX, HEAD_BYTES_MAX, Arrival, Unacceptable

HOST = b"POST /orders HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HOST + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = {
    "no body": b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    "body": HOST + b"Content-Length: 5\r\n\r\nabcde",
    "other letters": HOST + b"CONTENT-length:  5 \r\n\r\nabcde",
    "nothing to wait for": HOST + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n",
    "empty body": HOST + b"Content-Length: 0\r\n\r\n",
    "chunks": CHUNKED + b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
    "chunk that looks like an end": CHUNKED + b"A\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n",
    "two lengths": HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "length that is none": HOST + b"Content-Length: five\r\n\r\n",
    "length with too many digits": HOST + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
}


def arrived(*pieces: bytes) -> Arrival:
    arrival = Arrival()
    for piece in pieces:
        arrival.add(piece)
    return arrival


def read_of(arrival: Arrival) -> bytes:
    pieces = iter(lambda: arrival.recv(7), b"")
    return b"".join(pieces)


@pytest.mark.parametrize("request_bytes", WHOLE.values(), ids=WHOLE)
def test_request_is_whole_with_its_last_byte_and_not_before(request_bytes: bytes) -> None:
    arrival = Arrival()

    wholes = []
    for position in range(len(request_bytes)):
        arrival.add(request_bytes[position : position + 1])
        wholes.append(arrival.is_whole())

    assert wholes == [False] * (len(request_bytes) - 1) + [True]


def test_what_a_reader_of_chunks_has_no_use_for_is_left_out() -> None:
    arrival = arrived(CHUNKED + b'3 ; name="value"\r\nabc\r\n0;x\r\nX-Sum: 1\r\nHost: other\r\n\r\n')

    assert arrival.is_whole()

    assert read_of(arrival) == CHUNKED + b"3\r\nabc\r\n0\r\n\r\n"


@given(st.lists(st.sampled_from(sorted(WHOLE)), min_size=1, max_size=4), st.data())
def test_requests_behind_each_other_are_told_apart(names: list[str], draw: st.DataObject) -> None:
    requests = [WHOLE[name] for name in names]
    stream = b"".join(requests)
    cuts = sorted(draw.draw(st.sets(st.integers(0, len(stream)), max_size=5)))
    arrival, found = Arrival(), []

    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        arrival.add(stream[start:end])
        while arrival.is_whole():
            found.append(b"".join(arrival.recv(len(request)) for request in requests[len(found) : len(found) + 1]))
            assert arrival.is_ready_for_next()

    assert found == requests
    assert len(arrival) == 0


def test_reader_that_stops_early_is_not_followed_by_another_request() -> None:
    arrival = arrived(WHOLE["body"], WHOLE["no body"])
    assert arrival.is_whole()

    arrival.recv(10)

    assert not arrival.is_ready_for_next()


def test_reader_that_wants_more_finds_the_end_and_is_not_followed_by_another_request() -> None:
    arrival = arrived(WHOLE["body"], WHOLE["no body"])
    assert arrival.is_whole()

    assert read_of(arrival) == WHOLE["body"]

    assert not arrival.is_ready_for_next()


@pytest.mark.parametrize(
    ("status", "request_bytes"),
    [
        (431, HOST + b"X: " + b"x" * HEAD_BYTES_MAX),
        (413, HOST + b"Content-Length: %d\r\n\r\n" % (BODY_BYTES_MAX + 1)),
        (413, HOST + b"Content-Length: 999999999999999999\r\n\r\n"),
        (413, HOST + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"),
        (413, CHUNKED + b"FFFFFFFFFFFFFFFF\r\n"),
        (413, CHUNKED + b"1;" + b"x" * 10_000),
        (413, CHUNKED + b"1\r\na\r\n" * (BODY_BYTES_MAX // 6 + 1)),
        (400, CHUNKED + b"\r\n"),
        (400, CHUNKED + b"-1\r\nx\r\n"),
        (400, CHUNKED + b"1\r\nxyz\r\n"),
        (413, CHUNKED + b"0\r\n" + b"X: x\r\n" * 20_000),
    ],
    ids=lambda value: repr(value)[-40:],
)
def test_request_without_a_sensible_end_is_refused_before_it_is_here(status: int, request_bytes: bytes) -> None:
    arrival = arrived(request_bytes)

    with pytest.raises(Unacceptable) as refused:
        arrival.is_whole()

    assert refused.value.status == status


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_leave_to_send_the_body_is_wanted_by_those_who_can_be_given_it(version: bytes) -> None:
    arrival = arrived(b"POST / HTTP/" + version + b"\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")

    assert not arrival.is_whole()

    assert arrival.wants_leave == (version == b"1.1")
