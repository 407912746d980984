"""One client of a feed: joins its channel when the feeds are ready, and leaves it when the client is gone."""

from collections.abc import Callable

import msgspec

from order_engine.feeds.channel import Channel
from order_engine.feeds.feeds import Feeds
from order_engine.feeds.hand_over import HandOver
from order_engine.feeds.web_socket import BROKEN_RULE, WebSocket

MESSAGE_BYTES_MAX = 1 << 12
FRAMES_MAX = 50
RESYNC = {"type": "resync"}


class Subscriber:
    """A client, the feed that it wants, and its WebSocket. ``forget`` is called at its end."""

    def __init__(
        self,
        feeds: Feeds,
        handed: HandOver,
        serve_later: Callable[[WebSocket], object],
        forget: Callable[["Subscriber"], object],
    ) -> None:
        self._feeds = feeds
        self._wanted = handed.wanted
        self._forget = forget
        self._channel: Channel | None = None
        self.web_socket = WebSocket(
            self,
            serve_later,
            handed.greeting,
            handed.rest,
            message_bytes_max=MESSAGE_BYTES_MAX,
            frames_max=FRAMES_MAX,
        )

    @property
    def is_busy(self) -> bool:
        """Whether no more messages are taken."""
        return False

    @property
    def is_blocked(self) -> bool:
        """Whether the client has not read what it was sent."""
        return self.web_socket.is_blocked

    def begin(self, now: float) -> None:
        """Send what the feed begins with."""
        self._channel = self._feeds.join(self, self._wanted, now)

    def send(self, frames: bytes) -> None:
        """Send frames."""
        self.web_socket.send(frames)

    def receive(self, message: bytes) -> None:
        """Take a message of the client."""
        try:
            is_resync = msgspec.json.decode(message) == RESYNC
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            is_resync = False
        if not is_resync:
            self.web_socket.close(BROKEN_RULE, 'expected {"type": "resync"}')
        elif self._channel is not None:
            self._channel.resync(self)

    def resume(self) -> None:
        """Do nothing: the next round sends what the client has missed."""

    def end(self) -> None:
        """Leave the channel."""
        if self._channel is not None:
            self._feeds.leave(self, self._wanted)
        self._forget(self)
