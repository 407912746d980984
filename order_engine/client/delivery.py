"""Delivers one request, however often it must be sent: which headers go out, and when to try again. No I/O.

A command goes out with the same idempotency key each time, so that it is carried out once.
"""

import random
from collections.abc import Callable, Mapping
from typing import Generic, NamedTuple, TypeVar
from uuid import uuid4

from httpx import Response, TransportError
from msgspec import DecodeError, json

from order_engine.client.errors import NoResponse, NotUnderstood, read_problem
from order_engine.client.requests import Request
from order_engine.client.signing import Signing

T = TypeVar("T")

PREFIX = "/api/v1"
ORDERS_PATH = "/ws/orders"
FIRST_PAUSE_SECONDS = 0.05
DOUBLINGS_MAX = 10
PAUSE_SECONDS_MAX = 5.0


class Retry(NamedTuple):
    """Send the request again, after a pause."""

    pause_seconds: float


class Deliveries:
    """What the deliveries of one client share: its key, how often it tries, and the last sequence that it has seen."""

    def __init__(
        self,
        api_key: str | None,
        retries: int,
        chance: Callable[[], float] = random.random,
        *,
        signing: Signing | None = None,
    ) -> None:
        self.api_key = api_key
        self.retries = retries
        self._chance = chance
        self._signing = signing
        self._last_sequence = 0

    def begin(self, request: Request[T]) -> "Delivery[T]":
        """Begin to deliver a request."""
        return Delivery(self, request, self._headers(request))

    @property
    def key_header(self) -> dict[str, str]:
        """The header that names the client's key, if it has one."""
        return {} if self.api_key is None else {"X-API-Key": self.api_key}

    def handshake(self, path: str) -> dict[str, str]:
        """Return the headers of a WebSocket's handshake."""
        signed = {} if self._signing is None else self._signing.sign("GET", path).headers
        return self.key_header | signed

    def auth(self) -> dict[str, str]:
        """Return what a connection for orders is told of the key."""
        named = {} if self.api_key is None else {"key": self.api_key}
        return named if self._signing is None else named | self._signing.sign("GET", ORDERS_PATH)._asdict()

    def pause_after(self, tries: int) -> float:
        """Return a pause that doubles with each try; chance takes up to half of it, to keep clients apart."""
        longest = min(FIRST_PAUSE_SECONDS * (1 << min(tries, DOUBLINGS_MAX)), PAUSE_SECONDS_MAX)
        return longest * (1 - self._chance() / 2)

    def note(self, response: Response) -> None:
        """Remember the sequence of a write, so that later reads show it."""
        self._last_sequence = max(self._last_sequence, int(response.headers.get("X-Sequence", 0)))

    def _headers(self, request: Request[T]) -> Mapping[str, str]:
        headers = self.key_header
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        if request.is_command:
            headers["Idempotency-Key"] = request.key or uuid4().hex
        elif self._last_sequence:
            headers["X-Min-Sequence"] = str(self._last_sequence)
        return headers


class Delivery(Generic[T]):
    """One request on its way."""

    def __init__(self, deliveries: Deliveries, request: Request[T], headers: Mapping[str, str]) -> None:
        self._deliveries = deliveries
        self._request = request
        self._tries = 0
        self.method = request.method
        self.path = PREFIX + request.path
        self.query = request.query
        self.headers = headers
        self.content = None if request.body is None else json.encode(request.body)

    def judge(self, received: Response | TransportError) -> T | Retry:
        """Return what was asked for, or when to try again; raises ``ExchangeError``."""
        self._tries += 1
        if isinstance(received, TransportError):
            if self._tries > self._deliveries.retries:
                raise NoResponse(f"{self.method} {self.path}: no response in {self._tries} tries: {received!r}")
            return Retry(self._deliveries.pause_after(self._tries))
        self._deliveries.note(received)
        if received.is_success:
            return self._read(received)
        after = received.headers.get("Retry-After")
        if after is None or self._tries > self._deliveries.retries:
            raise read_problem(received.status_code, received.content)
        least = int(after) if after.isdigit() else 0
        return Retry(least + self._deliveries.pause_after(self._tries))

    def _read(self, response: Response) -> T:
        try:
            return self._request.read(response.content)
        except DecodeError as error:
            raise NotUnderstood(f"{self.method} {self.path}: {error}") from error
