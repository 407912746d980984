"""Has a whole request come? The bytes that a connection has received, and where the request they begin with ends.

A parser reads one whole request from here and then finds an end, so that it never waits for a client. Whether a request
is sound is left to it: this only looks for its end. Where the two disagree about the end, nothing after it is trusted.
"""

import re
from collections.abc import Generator
from http import HTTPStatus

HEAD_BYTES_MAX = 1 << 16
# More than any path takes; each has a limit of its own.
BODY_BYTES_MAX = 9 << 20
_CHUNK_LINE_BYTES_MAX = 1 << 13

_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n")
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})(?:[ \t]*;[^\r\n]*)?\r\n")

# Goes on each time that more bytes have come, and returns where what was sought ends. It yields whether the client
# waits for leave to send the body.
Search = Generator[bool, None, int]


class Unacceptable(Exception):
    """A request that is not read to its end: it is, or says that it will be, too long, or its chunks are none."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class Arrival:
    """The bytes of one connection that have come and were not yet read."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._search = _request_end(self._received)
        self._unread = 0
        self._overdrawn = False
        self.wants_leave = False

    def __len__(self) -> int:
        return len(self._received)

    def add(self, received: bytes) -> None:
        """Take what has come."""
        self._received += received

    def is_whole(self) -> bool:
        """Look whether a whole request is here; raises ``Unacceptable``, and then must not be asked again."""
        if self._unread:
            return True
        try:
            self.wants_leave = next(self._search)
        except StopIteration as found:
            self._unread = found.value
            return True
        return False

    def recv(self, size: int) -> bytes:
        """Hand out the next bytes of the request; none are its end. Named as the parser wants it."""
        self._overdrawn |= not self._unread
        piece = bytes(self._received[: min(size, self._unread)])
        del self._received[: len(piece)]
        self._unread -= len(piece)
        return piece

    def forget(self) -> None:
        """Drop what has come: nobody will read it."""
        self._received.clear()
        self._unread = 0

    def is_ready_for_next(self) -> bool:
        """Begin to look for the next request; false if the reader of this one did not end where it ends."""
        self._search = _request_end(self._received)
        return not self._unread and not self._overdrawn


def _request_end(received: bytearray) -> Search:
    body = yield from _end_of(received, b"\r\n\r\n", 0, HEAD_BYTES_MAX, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    head = bytes(received[:body]).lower()
    length, is_chunked = _LENGTH.search(head), b"\r\ntransfer-encoding:" in head
    body_bytes = int(length[1]) if length else 0
    if bool(body_bytes) == is_chunked:
        # No body; or both, which the parser refuses.
        return body
    if body_bytes > BODY_BYTES_MAX:
        raise Unacceptable(_TOO_LARGE)
    if len(received) == body and b"\r\nexpect:" in head and b" http/1.1\r\n" in head:
        yield True
    return (yield from _last_chunk_end(received, body) if is_chunked else _at(received, body + body_bytes))


def _last_chunk_end(received: bytearray, body: int) -> Search:
    at = body
    while True:
        line_end = yield from _end_of(received, b"\r\n", at, _CHUNK_LINE_BYTES_MAX, _TOO_LARGE)
        found = _CHUNK_SIZE.match(received, at, line_end)
        if found is None:
            raise Unacceptable(HTTPStatus.BAD_REQUEST)
        size = int(found[1], 16)
        # What a chunk says of itself besides its size, and what stands behind the last one, is of no use here.
        del received[found.end(1) : line_end - 2]
        line_end = found.end(1) + 2
        if not size:
            end = yield from _end_of(received, b"\r\n\r\n", line_end - 2, HEAD_BYTES_MAX, _TOO_LARGE)
            del received[line_end : end - 2]
            return line_end + 2
        if line_end - body + size > BODY_BYTES_MAX:
            raise Unacceptable(_TOO_LARGE)
        at = yield from _at(received, line_end + size + 2)
        if received[at - 2 : at] != b"\r\n":
            raise Unacceptable(HTTPStatus.BAD_REQUEST)


def _end_of(received: bytearray, mark: bytes, start: int, longest: int, status: HTTPStatus) -> Search:
    searched = start
    while (found := received.find(mark, searched)) < 0:
        if len(received) - start > longest:
            raise Unacceptable(status)
        searched = max(start, len(received) - len(mark) + 1)
        yield False
    return found + len(mark)


def _at(received: bytearray, end: int) -> Search:
    while len(received) < end:
        yield False
    return end
