"""A channel: the clients of one feed. Those that keep up are sent the same bytes.

A client that has not read what it was sent is passed over. When it reads again it gets what the feed has for a client
that stopped at that sequence. So what is kept for a slow client has a bound.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Part(NamedTuple):
    """What a client is sent, the sequence up to which it then knows the feed, and whether that is all there is."""

    frames: bytes
    sequence: int
    is_last: bool


class Feed(Protocol):
    """What a channel shows."""

    def after(self, sequence: int | None) -> Part:
        """Return what a client needs that has seen the feed up to a sequence, or nothing of it yet."""
        ...


class Client(Protocol):
    """A client of a channel."""

    @property
    def is_blocked(self) -> bool:
        """Whether it has not read what it was sent."""

    def send(self, frames: bytes) -> None:
        """Send frames."""


class Channel:
    """The clients of a feed, each either in step or behind."""

    def __init__(self, feed: Feed, sequence: int, now: float) -> None:
        self._feed = feed
        self._sequence = sequence
        self._sent_at = now
        self._in_step: dict[Client, None] = {}
        self._behind: dict[Client, int | None] = {}
        self._frames: list[bytes] = []

    def __len__(self) -> int:
        return len(self._in_step) + len(self._behind)

    @property
    def has_clients_behind(self) -> bool:
        """Whether a client waits for what it has missed."""
        return bool(self._behind)

    def is_behind(self, client: Client) -> bool:
        """Return whether a client waits for what it has missed."""
        return client in self._behind

    def join(self, client: Client, since: int | None) -> None:
        """Begin to serve a client, which has seen the feed up to ``since``, or nothing of it."""
        self._behind[client] = since
        self._catch_up(client)

    def resync(self, client: Client) -> None:
        """Send a client what one needs that knows nothing."""
        if client in self._in_step:
            del self._in_step[client]
            self.join(client, None)

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self._in_step.pop(client, None)
        self._behind.pop(client, None)

    def add(self, frames: Sequence[bytes]) -> None:
        """Add to what is sent next."""
        self._frames += frames

    def flush(self, sequence: int, now: float) -> None:
        """Send what was added; the feed has come to ``sequence``."""
        before, self._sequence = self._sequence, sequence
        if self._frames:
            frames, self._frames = b"".join(self._frames), []
            self._sent_at = now
            for client in self._send(frames):
                del self._in_step[client]
                self._behind[client] = before
        for client in list(self._behind):
            self._catch_up(client)

    def beat(self, heartbeat: bytes, now: float, seconds: float) -> None:
        """Send a heartbeat if nothing was sent for so long."""
        if now - self._sent_at >= seconds:
            self._sent_at = now
            self._send(heartbeat)

    def _send(self, frames: bytes) -> list[Client]:
        """Send to all that are in step; return those that are blocked."""
        blocked = []
        for client in self._in_step:
            if client.is_blocked:
                blocked.append(client)
            else:
                client.send(frames)
        return blocked

    def _catch_up(self, client: Client) -> None:
        if client.is_blocked:
            return
        part = self._feed.after(self._behind[client])
        if part.frames:
            client.send(part.frames)
        if part.is_last:
            del self._behind[client]
            self._in_step[client] = None
        else:
            self._behind[client] = part.sequence
