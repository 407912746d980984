"""What an attack is, and the server that it is made on."""

import http.client
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

TIMEOUT_SECONDS = 60
BATCH_LENGTH = 1_000

Body = dict[str, object]
Outcome = Counter[str]


@dataclass(frozen=True, slots=True)
class Target:
    """A server under attack. ``size`` is the share of their full size that attacks have, at most 1."""

    port: int
    data_directory: Path
    processes: Callable[[], Sequence[int]]
    size: float = 1.0

    def sized(self, count: int) -> int:
        """Return how many of ``count`` an attack of this size takes."""
        return max(1, round(count * self.size))

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Send one request on a connection of its own; raises ``OSError`` or ``HTTPException`` without a response."""
        response, content = self._exchanged(method, path, body, headers or {})
        return response.status, content

    def status(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Outcome:
        """Send one request; return its status, or how the connection failed."""
        try:
            return Counter([str(self.ask(method, path, body, headers)[0])])
        except (OSError, http.client.HTTPException) as error:
            return Counter([type(error).__name__])

    def at_once(self, requests: Sequence[Callable[[], Outcome]]) -> Outcome:
        """Send requests at the same time, and return what came of all of them."""
        with ThreadPoolExecutor(len(requests)) as pool:
            return sum(pool.map(_call, requests), Outcome())

    def get_at_once(self, path: str, count: int) -> Outcome:
        """Send the same read so often at the same time."""
        return self.at_once([partial(self.status, "GET", path)] * count)

    def place_one(self, order: Body) -> str:
        """Place one order; return the sequence by which reads can ask for it."""
        response, _ = self._exchanged("POST", "/orders", order, {})
        return response.headers["X-Sequence"]

    def place(self, orders: Sequence[Body]) -> Outcome:
        """Place orders in batches; return the statuses of the orders, or of batches that were refused whole."""
        found = Outcome()
        for first in range(0, len(orders), BATCH_LENGTH):
            found += self.batch(orders[first : first + BATCH_LENGTH])
        return found

    def batch(self, orders: Sequence[Body], headers: Mapping[str, str] | None = None) -> Outcome:
        """Place one batch; return the statuses of its orders, or that of the batch if it was refused whole."""
        status, content = self.ask("POST", "/orders/batch", {"orders": orders}, headers)
        if status != http.HTTPStatus.OK:
            return Counter([f"batch {status}"])
        return Counter(str(result["status"]) for result in json.loads(content)["results"])

    def _exchanged(
        self, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {} if content is None else {"Content-Type": "application/json"}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)) as connection:
            connection.request(method, path, content, {**sent, **headers})
            response = connection.getresponse()
            return response, response.read()


def _call(request: Callable[[], Outcome]) -> Outcome:
    return request()


def nothing(_: Target) -> None:
    """Prepare nothing."""


class Attack(NamedTuple):
    """One attack. ``strike`` is made again and again, once in ``every_seconds``; its outcome counts responses."""

    name: str
    strike: Callable[[Target], Outcome]
    prepare: Callable[[Target], Outcome | None] = nothing
    every_seconds: float = 1.0


def order(symbol: str, side: str, quantity: int, price: float | None = None, **more: object) -> Body:
    """Return the body of an order: limited if it has a price, else at market."""
    terms: Body = {"type": "MARKET"} if price is None else {"price": f"{price:.2f}"}
    return {"user_id": "attacker", "symbol": symbol, "side": side, "quantity": quantity, **terms, **more}
