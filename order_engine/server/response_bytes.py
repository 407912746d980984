"""Makes the bytes of a response."""

import json
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, NamedTuple

from gunicorn import SERVER

from order_engine.api.plumbing.problems import Problem
from order_engine.api.plumbing.responses import JSON_HEADERS, PROBLEM_TYPE
from order_engine.server.served_venue import Headers

REQUEST_ID_HEADER = "X-Request-ID"
_WITHOUT_BODY = ("1", "204", "304")


class HttpResponse(NamedTuple):
    """A complete response."""

    status: str
    headers: Headers
    body: bytes


class ResponseWriter:
    """Writes responses. The headers that all of them share are made by ``tick``."""

    def __init__(self) -> None:
        self._common = {True: "", False: ""}
        self.tick()

    def tick(self) -> None:
        """Make the shared headers, with the present time as Date."""
        common = f"Server: {SERVER}\r\nDate: {formatdate(time.time(), usegmt=True)}\r\nConnection: "
        self._common = {True: f"{common}keep-alive\r\n", False: f"{common}close\r\n"}

    def bytes_of(self, response: HttpResponse, method: str, *, keep: bool) -> bytes:
        """Write a response; raises ``ValueError`` if a header of it would break the framing."""
        status, headers, body = response
        fields = "".join([f"{name}: {value}\r\n" for name, value in headers])
        if fields.count("\n") != len(headers) or fields.count("\r") != len(headers):
            raise ValueError("a header of the response contains the end of a line")
        if "Content-Length: " not in fields and not status.startswith(_WITHOUT_BODY):
            fields += f"Content-Length: {len(body)}\r\n"
        head = f"HTTP/1.1 {status}\r\n{self._common[keep]}{fields}\r\n".encode("latin-1")
        return head if method == "HEAD" or status.startswith(_WITHOUT_BODY) else head + body


class WsgiCaller:
    """Calls WSGI applications, one at a time, and returns their complete responses."""

    def __init__(self) -> None:
        self._status = ""
        self._headers: Headers = []
        self._start = self._start_response

    def call(self, run: Callable[..., Iterable[bytes]], *arguments: object) -> HttpResponse:
        """Call ``run`` with the arguments and WSGI's ``start_response``."""
        chunks = run(*arguments, self._start)
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        return HttpResponse(self._status, self._headers, body)

    def _start_response(self, status: str, headers: Headers, exc_info: Any = None) -> None:  # Any: as WSGI has it
        del exc_info
        self._status, self._headers = status, headers


def problem_response(problem: Problem, request_id: str) -> HttpResponse:
    """Write a problem document for a request that the app does not see."""
    status = HTTPStatus(problem.status)
    body = json.dumps(problem.document(request_id)).encode()
    headers = [("Content-Type", PROBLEM_TYPE), *JSON_HEADERS, *problem.headers.items(), (REQUEST_ID_HEADER, request_id)]
    return HttpResponse(f"{status} {status.phrase}", headers, body)
