"""The messages between the exchange and the feeds: one packet each, over a Unix socket that keeps them apart.

The exchange hands a client over with the descriptor of its connection. When one process ends, even by kill -9, the
other finds the socket closed.
"""

import socket
from collections.abc import Iterator

import msgspec
from msgspec import Struct

BOOK, ORDERS_OF_BOOK, TRADES = "market-data", "market-data-by-order", "trades"
PACKET_BYTES_MAX = 1 << 17


class Subscription(Struct, frozen=True):
    """What a client wants: a book's best levels or orders, ``size`` of each side, or the trades after ``since``."""

    feed: str
    symbol: str
    size: int = 0
    since: int | None = None


class HandOver(Struct, frozen=True, tag="hand_over"):
    """A client: what it wants, the response to its handshake, and the bytes that it has sent after that."""

    wanted: Subscription
    greeting: bytes
    rest: bytes


class Finish(Struct, frozen=True, tag="finish"):
    """Show everything up to this sequence, say goodbye to all clients, then end."""

    sequence: int


class Report(Struct, frozen=True, tag="report"):
    """How far the feeds are, how many clients they have and have ever been handed, and whether they take any."""

    sequence: int
    clients: int
    handed: int
    is_ready: bool


Message = HandOver | Finish | Report

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode


class ChannelClosed(Exception):
    """The other side has closed the socket."""


class PacketChannel:
    """One end; one thread may send while another receives."""

    def __init__(self, end: socket.socket) -> None:
        # send_fds ignores its flags, so that the socket itself must not wait.
        end.setblocking(False)
        self._socket = end

    @staticmethod
    def pair() -> tuple[socket.socket, socket.socket]:
        """Return the two ends."""
        ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * PACKET_BYTES_MAX)
        return ends

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._socket.fileno()

    def offer(self, message: Message, descriptor: int | None = None) -> bool:
        """Send a message, and a copy of a descriptor, without waiting; return False if that is not possible now."""
        packet = _encode(message)
        try:
            if descriptor is None:
                self._socket.send(packet)
            else:
                socket.send_fds(self._socket, [packet], [descriptor])
        except OSError:
            # Full, or gone, or too many descriptors are on their way: for the sender it is all the same.
            return False
        return True

    def receive(self) -> Iterator[tuple[Message, socket.socket | None]]:
        """Yield the messages that are there, with the connections handed over; raises ``ChannelClosed``."""
        while True:
            try:
                packet, descriptors, _, _ = socket.recv_fds(self._socket, PACKET_BYTES_MAX, 1)
            except BlockingIOError:
                return
            except OSError as error:
                raise ChannelClosed from error
            if not packet:
                raise ChannelClosed
            yield _decode(packet), socket.socket(fileno=descriptors[0]) if descriptors else None

    def close(self) -> None:
        """Close this end."""
        self._socket.close()
