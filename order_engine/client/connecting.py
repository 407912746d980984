"""How a WebSocket is connected, and when it is connected again after a loss. No I/O."""

from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from order_engine.client.delivery import Deliveries
from order_engine.client.errors import NoResponse, read_problem

# A connection that ends, cannot be made, or was handed to a process that died.
LOST = (OSError, EOFError, ConnectionClosed, InvalidHandshake)
# A line on which nothing comes back is noticed within twice as long.
OPTIONS: dict[str, Any] = {"ping_interval": 10, "ping_timeout": 10, "close_timeout": 1}  # Any: keywords


class Connecting:
    """The connections of one subscription, one after the other."""

    def __init__(self, deliveries: Deliveries, url: str) -> None:
        self._deliveries = deliveries
        self._url = url
        self._tries = 0

    def address(self, path: str) -> str:
        """Return where to connect."""
        return f"ws{self._url.removeprefix('http')}{path}"

    def succeeded(self) -> None:
        """Note that a message has come."""
        self._tries = 0

    def lost(self, error: Exception | None) -> float:
        """Return how long to wait before the next connection; raises ``ExchangeError`` if there is no point in one."""
        self._tries += 1
        is_last = self._tries > self._deliveries.retries
        least = 0
        if isinstance(error, InvalidStatus):
            response = error.response
            after = response.headers.get("Retry-After")
            if after is None or is_last:
                raise read_problem(response.status_code, bytes(response.body or b""))
            least = int(after) if after.isdigit() else 0
        elif is_last:
            raise NoResponse(f"{self._url}: no connection in {self._tries} tries: {error!r}")
        return least + self._deliveries.pause_after(self._tries)
