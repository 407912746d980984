"""``X-Request-ID``: the caller's if it is fit to be shown, else one of ours, on every response."""

import os
import re

from flask import Response, g, request

HEADER = "X-Request-ID"

_SANE = re.compile(r"[!-~]{1,128}", re.ASCII)


def request_id() -> str:
    """Give the id of the request that is being served."""
    known: str | None = g.get("request_id")
    if known is None:
        known = request.environ.get("HTTP_X_REQUEST_ID", "")
        if not _SANE.fullmatch(known):
            known = os.urandom(12).hex()
        g.request_id = known
    return known


def add_request_id(response: Response) -> Response:
    """Name the request in its response."""
    response.headers[HEADER] = request_id()
    return response
