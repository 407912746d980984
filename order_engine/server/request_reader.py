"""Cuts the bytes that a connection has received into requests: environs with complete bodies.

A request is returned once its last byte was received. A request that is too long or ambiguous is refused as soon as
that can be seen.
"""

from io import BytesIO

from order_engine.api.plumbing.problems import Problem
from order_engine.server.chunked_body import BODY_BYTES_MAX, ChunkedBody, too_large
from order_engine.server.request_head import HEAD_BYTES_MAX, HeaderNames, HeadReader, check_coding, malformed
from order_engine.server.served_venue import Environ

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_HEAD_END = b"\r\n\r\n"


class RequestReader:
    """The requests of one connection."""

    __slots__ = ("_body_bytes", "_chunks", "_environ", "_head", "_received", "_searched", "interim")

    def __init__(self, names: HeaderNames, template: Environ) -> None:
        self._head = HeadReader(names, template)
        self._received: bytes | bytearray = b""
        self._searched = 0
        self._environ: Environ | None = None
        self._body_bytes = 0
        self._chunks: ChunkedBody | None = None
        self.interim = b""

    def __len__(self) -> int:
        return len(self._received) + (0 if self._chunks is None else len(self._chunks))

    @property
    def is_amid_request(self) -> bool:
        """Whether a part of a request was received."""
        return bool(self._received) or self._environ is not None

    @property
    def rest(self) -> bytes | bytearray:
        """What was received after the last whole request."""
        return self._received

    def add(self, received: bytes) -> None:
        """Keep received bytes."""
        if not self._received and self._chunks is None:
            self._received = received
            return
        if isinstance(self._received, bytes):
            self._received = bytearray(self._received)
        self._received += received

    def next_request(self) -> Environ | None:
        """Return the next request if it is complete; raises ``Problem``, after which nothing more may be read.

        ``interim`` is the interim response to a client that waits for permission to send the body.
        """
        environ = self._environ
        if environ is None:
            environ = self._next_head()
            if environ is None:
                return None
        if self._chunks is not None:
            return self._end_chunks(environ, self._chunks)
        size = self._body_bytes
        received = self._received
        if len(received) < size:
            self._environ = environ
            return None
        body = b""
        if size:
            body = bytes(received[:size])
            self._received = received[size:]
            self._head.skip_body(body)
        return self._whole(environ, body)

    def forget(self) -> None:
        """Drop what was received."""
        self._received = b""
        self._chunks = self._environ = None

    def close(self) -> None:
        """Drop what was received, for good."""
        self.forget()
        self._head.close()

    def _next_head(self) -> Environ | None:
        received = self._received
        found = received.find(_HEAD_END, self._searched)
        if found < 0:
            if len(received) > HEAD_BYTES_MAX:
                raise Problem("head_too_large", f"The head of a request may have {HEAD_BYTES_MAX} bytes.")
            self._searched = max(0, len(received) - 3)
            return None
        self._searched = 0
        end = found + 4
        if end > HEAD_BYTES_MAX:
            raise Problem("head_too_large", f"The head of a request may have {HEAD_BYTES_MAX} bytes.")
        environ = self._head.read(bytes(received[:end]))
        self._received = received[end:]
        self._measure_body(environ)
        return environ

    def _measure_body(self, environ: Environ) -> None:
        self._body_bytes = 0
        if "HTTP_TRANSFER_ENCODING" in environ:
            check_coding(environ)
            self._received = bytearray(self._received)
            self._environ, self._chunks = environ, ChunkedBody(self._received)
        elif "CONTENT_LENGTH" in environ:
            length = environ["CONTENT_LENGTH"]
            if not (length.isascii() and length.isdigit()):
                raise malformed("The length of the body is no number.")
            self._body_bytes = int(length)
            if self._body_bytes > BODY_BYTES_MAX:
                raise too_large()
        if "HTTP_EXPECT" in environ:
            self._allow_body(environ)

    def _allow_body(self, environ: Environ) -> None:
        is_waiting = (self._body_bytes or self._chunks is not None) and not self._received
        if is_waiting and environ["SERVER_PROTOCOL"] == "HTTP/1.1":
            self.interim = _CONTINUE

    def _end_chunks(self, environ: Environ, chunks: ChunkedBody) -> Environ | None:
        body = chunks.take()
        if body is None:
            return None
        self._chunks = None
        self._head.start_anew()
        del environ["HTTP_TRANSFER_ENCODING"]
        environ["CONTENT_LENGTH"] = str(len(body))
        return self._whole(environ, body)

    def _whole(self, environ: Environ, body: bytes) -> Environ:
        self._environ = None
        environ["wsgi.input"] = BytesIO(body)
        return environ
