"""What the exchange and its followers' process say to each other: one JSON message a line, over a socket pair.

When one of them ends, however it ends, the other finds the socket closed.
"""

import socket
from collections.abc import Iterator
from select import POLLIN, poll

import msgspec
from msgspec import Struct

from order_engine.followers.progress import SinkProgress

RECEIVE_BYTES = 1 << 16


class Report(Struct, frozen=True, kw_only=True, tag="report"):
    """How far the followers are. The next report comes within ``patience_seconds``, or they hang."""

    sinks: dict[str, SinkProgress]
    replica_sequence: int
    digests: dict[int, int]
    reads_open: bool
    patience_seconds: float


class Want(Struct, frozen=True, tag="want"):
    """Somebody waits until the database has this sequence."""

    sequence: int


class WantSnapshot(Struct, frozen=True, tag="snapshot"):
    """A snapshot at this sequence or after it is to be taken."""

    sequence: int


class Finish(Struct, frozen=True, tag="finish"):
    """Nothing comes after this sequence: write it all, then end."""

    sequence: int


Message = Report | Want | WantSnapshot | Finish

_encode = msgspec.json.Encoder().encode
_decode: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


class ControlClosed(Exception):
    """The other side is gone."""


class Control:
    """One end of the socket pair; one thread may send while another receives."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._received = b""
        # Not select: beside a thousand connections the descriptor is too large for it.
        self._readable = poll()
        self._readable.register(end, POLLIN)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Send a message; raises ``ControlClosed``."""
        try:
            self._socket.sendall(_encode(message) + b"\n")
        except OSError as error:
            raise ControlClosed from error

    def offer(self, message: Message) -> bool:
        """Send a message unless the other side has too much to read; False then. Raises ``ControlClosed``."""
        try:
            # The system takes a message this short whole or not at all.
            self._socket.send(_encode(message) + b"\n", socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError as error:
            raise ControlClosed from error
        return True

    def receive(self, seconds: float) -> Iterator[Message]:
        """Yield the messages that have come, waiting at most so long for the first; raises ``ControlClosed``."""
        try:
            piece = self._socket.recv(RECEIVE_BYTES) if self._readable.poll(seconds * 1_000) else None
        except OSError as error:
            raise ControlClosed from error
        if piece is None:
            return
        if not piece:
            raise ControlClosed
        *lines, self._received = (self._received + piece).split(b"\n")
        for line in lines:
            yield _decode.decode(line)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
