"""The messages between the exchange and its followers' process: one JSON message a line, over a socket pair.

When one process ends, even by kill -9, the other finds the socket closed.
"""

import socket
from collections.abc import Iterator
from select import POLLIN, poll

import msgspec
from msgspec import Struct

from order_engine.followers.progress import SinkProgress

RECEIVE_BYTES = 1 << 16


class Report(Struct, frozen=True, kw_only=True, tag="report"):
    """How far the followers are. If no other report comes within ``patience_seconds``, they hang."""

    sinks: dict[str, SinkProgress]
    replica_sequence: int
    digests: dict[int, int]
    reads_open: bool
    patience_seconds: float


class Want(Struct, frozen=True, tag="want"):
    """A request waits until the database has this sequence."""

    sequence: int


class WantSnapshot(Struct, frozen=True, tag="snapshot"):
    """Take a snapshot at this sequence or after it."""

    sequence: int


class Finish(Struct, frozen=True, tag="finish"):
    """This sequence is the last one: write everything up to it, then end."""

    sequence: int


Message = Report | Want | WantSnapshot | Finish

_encode = msgspec.json.Encoder().encode
_decode: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


class ControlClosed(Exception):
    """The other side has closed the socket."""


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
        """Send a message without waiting; return False if the socket is full. Raises ``ControlClosed``."""
        try:
            # A message this short is sent whole or not at all.
            self._socket.send(_encode(message) + b"\n", socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError as error:
            raise ControlClosed from error
        return True

    def receive(self, seconds: float) -> Iterator[Message]:
        """Yield the messages received within ``seconds``; raises ``ControlClosed``."""
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
        """Close this end."""
        self._socket.close()
