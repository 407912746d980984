"""Limits how long, and with how much memory, connections wait for their clients."""

from collections import OrderedDict
from math import inf
from time import monotonic
from typing import Protocol

HELD_BYTES_MAX = 64 << 20
CLOSING_SECONDS = 2.0
CLIENT_SECONDS_AT_STOP = 1.5


class WaitingClient(Protocol):
    """A connection."""

    deadline: float
    counted_bytes: int

    @property
    def held_bytes(self) -> int:
        """How many bytes are kept for the client."""

    def time_out(self) -> None:
        """Close because the time is over."""

    def abort(self) -> None:
        """Close at once."""


class WaitingClients:
    """All connections, and those that wait for their clients, the longest waiting first."""

    def __init__(self, timeout_seconds: float, connections_max: int, held_bytes_max: int = HELD_BYTES_MAX) -> None:
        self._timeout_seconds = timeout_seconds
        self._latest = inf
        self.connections_max = connections_max
        self._held_bytes_max = held_bytes_max
        self._held_bytes = 0
        self._open: set[WaitingClient] = set()
        self._waiting: OrderedDict[WaitingClient, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, client: WaitingClient) -> None:
        """Add a connection and wait for its client; with too many, close the longest waiting one."""
        self._open.add(client)
        self.wait(client)
        if len(self._open) > self.connections_max:
            self._drop(next(iter(self._waiting)))

    def remove(self, client: WaitingClient) -> None:
        """Forget a connection that is closed."""
        self._open.discard(client)
        self._waiting.pop(client, None)
        self._held_bytes -= client.counted_bytes
        client.counted_bytes = 0

    def wait(self, client: WaitingClient, seconds: float | None = None) -> None:
        """Begin to wait for a client."""
        client.deadline = min(monotonic() + (self._timeout_seconds if seconds is None else seconds), self._latest)
        self._waiting[client] = None
        self._waiting.move_to_end(client)

    def stop_waiting(self, client: WaitingClient) -> None:
        """Note that the server, not the client, has to act."""
        self._waiting.pop(client, None)

    def count(self, client: WaitingClient) -> None:
        """Count the bytes kept for a client; with too many in all, close the longest waiting one, else this one."""
        held = client.held_bytes
        self._held_bytes += held - client.counted_bytes
        client.counted_bytes = held
        while self._held_bytes > self._held_bytes_max:
            holding = next((waiting for waiting in self._waiting if waiting.counted_bytes), client)
            if not holding.counted_bytes:
                return
            self._drop(holding)

    def close_overdue(self) -> None:
        """Close the connections whose time is over."""
        now = monotonic()
        for client in [client for client in self._waiting if client.deadline <= now]:
            client.time_out()

    def shorten_deadlines(self) -> None:
        """Let every deadline be within ``CLOSING_SECONDS``, since the server stops."""
        now = monotonic()
        self._latest = now + CLOSING_SECONDS
        for client in self._waiting:
            client.deadline = min(client.deadline, now + CLIENT_SECONDS_AT_STOP)

    def _drop(self, client: WaitingClient) -> None:
        self.remove(client)
        client.abort()
