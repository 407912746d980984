"""Signs requests with a key's signing secret: each has a time of its own, and is good once and for a few seconds."""

import hashlib
import hmac
import time
from collections.abc import Callable, Generator
from threading import Lock
from typing import NamedTuple

import httpx


class Signature(NamedTuple):
    """When a request was signed, in microseconds since 1970, and how."""

    timestamp: str
    signature: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a signed request."""
        return {"X-Timestamp": self.timestamp, "X-Signature": self.signature}


class Signing(httpx.Auth):
    """Signs every request that ``httpx`` sends, each time that it is sent."""

    requires_request_body = True

    def __init__(self, secret: str, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._secret = secret.encode()
        self._now_ns = now_ns
        self._lock = Lock()
        self._last_us = 0

    def sign(self, method: str, target: str, body: bytes = b"") -> Signature:
        """Sign a request; no two are signed with the same time."""
        with self._lock:
            self._last_us = max(self._now_ns() // 1_000, self._last_us + 1)
            timestamp = str(self._last_us)
        text = "\n".join((timestamp, method, target, hashlib.sha256(body).hexdigest()))
        return Signature(timestamp, hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest())

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the signature; called by ``httpx``."""
        signature = self.sign(request.method, request.url.raw_path.decode("ascii"), request.content)
        request.headers.update(signature.headers)
        yield request
