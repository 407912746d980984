"""The connections that wait for their clients: each for a limited time, and the longest waiting goes first for room."""

from collections import OrderedDict
from math import inf
from time import monotonic
from typing import Protocol

HELD_BYTES_MAX = 64 << 20
LEAVE_SECONDS = 2.0
HURRY_SECONDS = 1.5


class WaitingClient(Protocol):
    """A connection."""

    deadline: float
    counted_bytes: int

    @property
    def held_bytes(self) -> int:
        """How much is kept for the client."""

    def give_up(self) -> None:
        """Wait no longer."""

    def abort(self) -> None:
        """Close at once."""


class WaitingClients:
    """All connections, and which of them wait for their clients, the longest waiting first."""

    def __init__(self, timeout_seconds: float, connections_max: int, held_bytes_max: int = HELD_BYTES_MAX) -> None:
        self._timeout_seconds = timeout_seconds
        self._latest = inf
        self._connections_max = connections_max
        self._held_bytes_max = held_bytes_max
        self._held_bytes = 0
        self._open: set[WaitingClient] = set()
        self._waiting: OrderedDict[WaitingClient, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, client: WaitingClient) -> None:
        """Take a newcomer and wait for it. If there are too many then, the longest waiting makes room."""
        self._open.add(client)
        self.wait(client)
        if len(self._open) > self._connections_max:
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
        """Work for a client: it is not the one that is waited for."""
        self._waiting.pop(client, None)

    def count(self, client: WaitingClient) -> None:
        """Count what is kept for a client; if it is too much in all, the longest waiting of those it is for goes."""
        held = client.held_bytes
        self._held_bytes += held - client.counted_bytes
        client.counted_bytes = held
        while self._held_bytes > self._held_bytes_max:
            holding = next((waiting for waiting in self._waiting if waiting.counted_bytes), None)
            if holding is None:
                return
            self._drop(holding)

    def sweep(self) -> None:
        """Give up those that have taken too long."""
        now = monotonic()
        for client in [client for client in self._waiting if client.deadline <= now]:
            client.give_up()

    def hurry(self) -> None:
        """Wait for nobody longer than ``LEAVE_SECONDS`` any more, of which part is for goodbyes: the server stops."""
        now = monotonic()
        self._latest = now + LEAVE_SECONDS
        for client in self._waiting:
            client.deadline = min(client.deadline, now + HURRY_SECONDS)

    def _drop(self, client: WaitingClient) -> None:
        self.remove(client)
        client.abort()
