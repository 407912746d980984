"""Responses: the only place that writes JSON, its content types and its headers."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

import msgspec

JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"
SEQUENCE_HEADER = "X-Sequence"
REPLAYED_HEADER = "Idempotent-Replayed"

# What is read here changes with every order, and is never to be taken for a page.
JSON_HEADERS = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))

_encode = msgspec.json.Encoder().encode
_STATUS_LINES: Mapping[int, str] = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class JsonResponse:
    """A response with a complete body: a WSGI application, which a Flask view may return.

    Flask's ``Response`` parses and checks values that are known here; that takes longer than matching an order.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(
        self,
        body: bytes,
        status: int = 200,
        headers: Iterable[tuple[str, str]] = (),
        content_type: str = JSON_TYPE,
    ) -> None:
        self.body = body
        self.status = status
        self.headers = [("Content-Type", content_type), ("Content-Length", str(len(body))), *JSON_HEADERS, *headers]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the response."""
        start_response(_STATUS_LINES[self.status], self.headers)
        return () if environ["REQUEST_METHOD"] == "HEAD" else (self.body,)


def json_response(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None, content_type: str = JSON_TYPE
) -> JsonResponse:
    """Write content as JSON."""
    return JsonResponse(_encode(content), status, headers.items() if headers else (), content_type)
