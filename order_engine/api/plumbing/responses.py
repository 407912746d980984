"""Responses: the one place where JSON is written, with the types and headers that it goes out with."""

from collections.abc import Mapping

import msgspec
from flask import Response

from order_engine.api.plumbing.problems import Content

JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"
SEQUENCE_HEADER = "X-Sequence"
REPLAYED_HEADER = "Idempotent-Replayed"

_encode = msgspec.json.Encoder().encode


def answer(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = JSON_TYPE
) -> Response:
    """Write content as JSON."""
    return Response(_encode(content), status, list(headers.items()) if headers else None, content_type=media_type)


def problem_answer(content: Content, headers: Mapping[str, str]) -> Response:
    """Write a problem document."""
    return answer(content, content["status"], headers, PROBLEM_TYPE)
