"""What an answer looks like on the wire."""

import json
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, NamedTuple

from gunicorn import SERVER

from order_engine.api.plumbing.problems import Problem
from order_engine.api.plumbing.responses import PROBLEM_TYPE
from order_engine.server.venue_ports import Environ, Headers

REQUEST_ID_HEADER = "X-Request-ID"
_WITHOUT_BODY = ("1", "204", "304")


class Answer(NamedTuple):
    """The answer to a request, whole."""

    status: str
    headers: Headers
    body: bytes


class AnswerWriter:
    """Writes answers. The headers that all of them have are made once a second."""

    def __init__(self) -> None:
        self._common = {True: "", False: ""}
        self.tick()

    def tick(self) -> None:
        """Look at the clock, for the Date header."""
        common = f"Server: {SERVER}\r\nDate: {formatdate(time.time(), usegmt=True)}\r\nConnection: "
        self._common = {True: f"{common}keep-alive\r\n", False: f"{common}close\r\n"}

    def bytes_of(self, answer: Answer, method: str, *, keep: bool) -> bytes:
        """Write an answer; raises ``ValueError`` if a header of it would break the framing."""
        status, headers, body = answer
        fields = "".join([f"{name}: {value}\r\n" for name, value in headers])
        if fields.count("\n") != len(headers) or fields.count("\r") != len(headers):
            raise ValueError("a header of the answer contains the end of a line")
        if "Content-Length: " not in fields and not status.startswith(_WITHOUT_BODY):
            fields += f"Content-Length: {len(body)}\r\n"
        head = f"HTTP/1.1 {status}\r\n{self._common[keep]}{fields}\r\n".encode("latin-1")
        return head if method == "HEAD" or status.startswith(_WITHOUT_BODY) else head + body


class Collector:
    """Runs WSGI applications to their end, one at a time, and returns what they answer."""

    def __init__(self) -> None:
        self._status = ""
        self._headers: Headers = []
        self._start = self._start_response

    def collect(self, run: Callable[..., Iterable[bytes]], *arguments: object) -> Answer:
        """Call ``run`` with the arguments and WSGI's ``start_response``."""
        chunks = run(*arguments, self._start)
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        return Answer(self._status, self._headers, body)

    def _start_response(self, status: str, headers: Headers, exc_info: Any = None) -> None:  # Any: as WSGI has it
        del exc_info
        self._status, self._headers = status, headers


def problem_answer(problem: Problem, request_id: str) -> Answer:
    """Write a problem document, for what the app does not see."""
    status = HTTPStatus(problem.status)
    body = json.dumps(problem.document(request_id)).encode()
    headers = [("Content-Type", PROBLEM_TYPE), *problem.headers.items(), (REQUEST_ID_HEADER, request_id)]
    return Answer(f"{status} {status.phrase}", headers, body)


def method_of(environ: Environ) -> str:
    """Return the method, which decides whether an answer has a body."""
    method: str = environ["REQUEST_METHOD"]
    return method
