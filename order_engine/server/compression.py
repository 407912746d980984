"""Compresses long responses for clients that accept gzip. Threads of the pool do it, so that the loop goes on."""

import gzip

from order_engine.server.response_bytes import HttpResponse
from order_engine.server.served_venue import Environ

LONG_BYTES = 1 << 14
"""Shorter responses are sent as they are: to compress them would cost more than it saves."""

# Several times as fast as the default, and JSON becomes hardly larger.
_LEVEL = 1
_TYPES = ("application/json", "text/")


def wants_gzip(environ: Environ, response: HttpResponse) -> bool:
    """Whether a response is long, and its client accepts it compressed; never one to a command."""
    if len(response.body) < LONG_BYTES or environ["REQUEST_METHOD"] != "GET" or not response.status.startswith("200"):
        return False
    headers = {name.lower(): text for name, text in response.headers}
    # An entity tag stands for the exact bytes of a file.
    is_plain = "etag" not in headers and "content-encoding" not in headers
    return is_plain and headers.get("content-type", "").startswith(_TYPES) and _accepts_gzip(environ)


def compressed(response: HttpResponse) -> HttpResponse:
    """Return the response compressed."""
    body = gzip.compress(response.body, _LEVEL, mtime=0)
    headers = [(name, text) for name, text in response.headers if name.lower() != "content-length"]
    headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"), ("Content-Length", str(len(body)))]
    return response._replace(headers=headers, body=body)


def _accepts_gzip(environ: Environ) -> bool:
    for choice in environ.get("HTTP_ACCEPT_ENCODING", "").lower().split(","):
        coding, _, weight = choice.replace(" ", "").partition(";")
        if coding == "gzip":
            return weight.removeprefix("q=").strip("0.") != "" if weight else True
    return False
