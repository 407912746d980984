"""A WebSocket of one client, after its handshake: bytes in and out, within limits of size, rate and time.

The protocol itself is the library's, without its I/O. Nothing here waits: what a client does not read in time is not
sent, and the client is closed with 4008.
"""

import logging
from asyncio import BaseTransport, Protocol, Transport
from collections.abc import Callable
from time import monotonic
from typing import Protocol as Interface
from typing import cast

from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol as Framing
from websockets.protocol import Side, State

from order_engine.feeds.frames import read_text, size_of

TOO_SLOW = 4008
GOING_AWAY, UNSUPPORTED, BROKEN_RULE, TRY_LATER = 1001, 1003, 1008, 1013
UNSENT_BYTES_MAX = 1 << 16
UNREAD_BYTES_MAX = 1 << 16
# A piece of empty frames takes about two milliseconds; then others have their turn.
PIECE_BYTES = 1 << 10
SLOW_SECONDS = 10.0
CLOSING_SECONDS = 2.0
PING_SECONDS, SILENT_SECONDS = 20.0, 60.0
# One of its own: the library logs each end of a connection.
_NO_LOG = logging.Logger("websockets", logging.CRITICAL)  # noqa: LOG001 -- getLogger would change a level at import


class Listener(Interface):
    """Who takes a client's messages."""

    @property
    def is_busy(self) -> bool:
        """Whether no more messages are taken until ``serve_soon`` is called."""

    def receive(self, message: bytes) -> None:
        """Take a text message."""

    def resume(self) -> None:
        """Send again: the client has read what it was sent."""

    def end(self) -> None:
        """Forget the client, which is gone."""


class WebSocket(Protocol):
    """A client's WebSocket. It begins by sending ``greeting``, the response to the handshake, and reading ``rest``.

    ``serve_later`` calls ``serve`` after others had their turn. A message is at most ``message_bytes_max`` long, and at
    most ``frames_max`` frames are taken between two ticks.
    """

    def __init__(
        self,
        listener: Listener,
        serve_later: Callable[["WebSocket"], object],
        greeting: bytes,
        rest: bytes,
        *,
        message_bytes_max: int,
        frames_max: int,
    ) -> None:
        self._listener = listener
        self._serve_later = serve_later
        self._greeting = greeting
        self._unread = bytearray(rest)
        self._framing = Framing(Side.SERVER, state=State.OPEN, max_size=message_bytes_max, logger=_NO_LOG)
        self._message = bytearray()
        self._is_amid_message = False
        # How many bytes of a frame the library has, or more if a client writes sizes longer than they must be.
        self._amid_frame_bytes = 0
        self._text_bytes_max = min(message_bytes_max, PIECE_BYTES)
        self._frames_max = frames_max
        self._frames_left = frames_max
        self._is_scheduled = self._is_reading_paused = False
        self._blocked_at: float | None = None
        self._abort_at: float | None = None
        self._heard_at = monotonic()
        self._is_pinged = False

    @property
    def is_open(self) -> bool:
        """Whether messages are taken and sent."""
        return self._framing.state is State.OPEN

    @property
    def is_blocked(self) -> bool:
        """Whether the client has not yet read what it was sent."""
        return self._blocked_at is not None

    @property
    def held_bytes(self) -> int:
        """How many bytes are kept for the client."""
        return len(self._unread) + len(self._message) + self._transport.get_write_buffer_size()

    # Called by the loop:

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin."""
        self._transport = cast(Transport, transport)
        self._transport.set_write_buffer_limits(high=UNSENT_BYTES_MAX)
        self._transport.write(self._greeting)
        self._greeting = b""
        if self._unread:
            self._schedule()

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        if not self.is_open:
            self._take(data)
            return
        self._unread += data
        self._heard_at = monotonic()
        self._is_pinged = False
        if len(self._unread) > UNREAD_BYTES_MAX:
            self._pause_reading()
        self._schedule()

    def eof_received(self) -> bool:
        """Close: the client sends nothing more."""
        return False

    def pause_writing(self) -> None:
        """Stop sending and reading: the client does not read."""
        self._blocked_at = monotonic()
        self._pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._blocked_at = None
        self._schedule()
        if self.is_open:
            self._listener.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release everything."""
        del exc
        self._unread.clear()
        self._framing.receive_eof()
        self._listener.end()

    # Called by its owner:

    def serve_soon(self) -> None:
        """Take messages again."""
        self._schedule()

    def send(self, frames: bytes) -> None:
        """Send frames made by ``text_frame``."""
        if self.is_open:
            self._transport.write(frames)

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye and hang up soon, whatever the client does."""
        if self.is_open:
            self._framing.send_close(code, reason)
            self._flush()
            self._unread.clear()
            self._resume_reading()

    def abort(self) -> None:
        """Hang up at once."""
        self._transport.abort()

    def serve(self) -> None:
        """Take the next piece of what was received."""
        self._is_scheduled = False
        if self.is_blocked or self._framing.state is State.CLOSED or self._transport.is_closing():
            return
        if self._listener.is_busy:
            self._pause_reading()
            return
        if not self._take_whole_messages():
            piece = bytes(self._unread[:PIECE_BYTES])
            del self._unread[:PIECE_BYTES]
            self._take(piece)
        if self._unread and self.is_open:
            self._schedule()
        else:
            self._resume_reading()

    def tick(self, now: float) -> None:
        """Close clients that are slow or gone; called about once a second."""
        self._frames_left = self._frames_max
        if self._abort_at is not None:
            if now >= self._abort_at:
                self.abort()
        elif self._blocked_at is not None and now - self._blocked_at > SLOW_SECONDS:
            self.close(TOO_SLOW, "reads too slowly")
        elif now - self._heard_at > SILENT_SECONDS:
            self.abort()
        elif now - self._heard_at > PING_SECONDS and not self._is_pinged:
            self._is_pinged = True
            self._framing.send_ping(b"")
            self._flush()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._serve_later(self)

    def _take_whole_messages(self) -> bool:
        """Take messages that are one frame each, as nearly all are; False if the library must look first."""
        taken = 0
        while taken < PIECE_BYTES and self.is_open and not self._is_amid_message and not self._amid_frame_bytes:
            found = read_text(self._unread, self._text_bytes_max)
            if found is None:
                break
            message, size = found
            del self._unread[:size]
            taken += size
            if self._is_allowed(1):
                self._listener.receive(message)
        return taken > 0

    def _is_allowed(self, frames: int) -> bool:
        self._frames_left -= frames
        if self._frames_left < 0:
            self.close(BROKEN_RULE, "too many messages")
        return self.is_open

    def _take(self, piece: bytes) -> None:
        self._framing.receive_data(piece)
        events = cast(list[Frame], self._framing.events_received())
        self._amid_frame_bytes += len(piece) - sum(map(size_of, events))
        self._flush()
        self._is_allowed(len(events))
        for frame in events:
            if not self.is_open:
                return
            self._hear(frame)

    def _hear(self, frame: Frame) -> None:
        if frame.opcode is Opcode.BINARY:
            self.close(UNSUPPORTED, "expected text")
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._message += frame.data
            self._is_amid_message = not frame.fin
            if frame.fin:
                message = bytes(self._message)
                self._message.clear()
                self._listener.receive(message)

    def _flush(self) -> None:
        for data in self._framing.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()
        if not self.is_open and self._abort_at is None:
            self._abort_at = monotonic() + CLOSING_SECONDS

    def _pause_reading(self) -> None:
        if not self._is_reading_paused:
            self._is_reading_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._is_reading_paused and not self._transport.is_closing():
            self._is_reading_paused = False
            self._transport.resume_reading()
