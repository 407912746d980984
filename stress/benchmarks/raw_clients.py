"""Clients in one loop that cost little: they know enough of HTTP and WebSocket to count what the server sends."""

import asyncio
from asyncio import BaseTransport, Transport
from base64 import b64encode
from collections.abc import Callable
from typing import cast

from websockets.frames import Frame, Opcode

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"Content-Length: "


def handshake(path: str) -> bytes:
    """Return the handshake for a path."""
    key = b64encode(bytes(16)).decode()
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade"]
    return "\r\n".join([*lines, "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "", ""]).encode()


def masked(text: bytes) -> bytes:
    """Return a message as a client sends it."""
    return Frame(Opcode.TEXT, text).serialize(mask=True)


class Subscriber(asyncio.Protocol):
    """Takes a WebSocket's messages."""

    def __init__(self, path: str, hear: Callable[["Subscriber", bytes], object]) -> None:
        self._path = path
        self._hear = hear
        self._rest = b""
        self._is_upgraded = False
        self.is_lost = False

    def connection_made(self, transport: BaseTransport) -> None:
        """Send the handshake."""
        self._transport = cast(Transport, transport)
        self._transport.write(handshake(self._path))

    def send(self, frames: bytes) -> None:
        """Send frames."""
        self._transport.write(frames)

    def hang_up(self) -> None:
        """Close the connection."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take whole messages out of what was received."""
        if self._rest:
            data = self._rest + data
        start = 0
        if not self._is_upgraded:
            start = data.find(_HEAD_END) + len(_HEAD_END)
            if start < len(_HEAD_END):
                self._rest = data
                return
            if data.startswith(b"HTTP/1.1 503 "):
                self.hang_up()
                return
            assert data.startswith(b"HTTP/1.1 101 "), data[:300]
            self._is_upgraded = True
        end = len(data)
        while end - start >= 2:
            length, begin = data[start + 1], start + 2
            if length == 126:
                begin += 2
                length = int.from_bytes(data[start + 2 : begin], "big")
            elif length == 127:
                begin += 8
                length = int.from_bytes(data[start + 2 : begin], "big")
            if end < begin + length:
                break
            self._hear(self, data[begin : begin + length])
            start = begin + length
        self._rest = data[start:]

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""
        del exc
        self.is_lost = True


class Poster(asyncio.Protocol):
    """Posts one request after the other, each when the last was answered."""

    def __init__(self, requests: list[bytes]) -> None:
        self._requests = requests
        self._rest = b""
        self.answered = 0

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin."""
        self._transport = cast(Transport, transport)
        self._post()

    def data_received(self, data: bytes) -> None:
        """Post the next once the answer is whole."""
        if self._rest:
            data = self._rest + data
        end = data.find(_HEAD_END)
        if end >= 0:
            at = data.index(_LENGTH) + len(_LENGTH)
            if len(data) >= end + len(_HEAD_END) + int(data[at : data.index(b"\r", at)]):
                assert data.startswith(b"HTTP/1.1 201 "), data[:300]
                self._rest = b""
                self.answered += 1
                self._post()
                return
        self._rest = data

    def _post(self) -> None:
        self._transport.write(self._requests[self.answered % len(self._requests)])


class SocketTrader:
    """Places orders over a WebSocket, and another one for each answer; ``in_flight`` of them wait for theirs."""

    def __init__(self, orders: list[bytes], in_flight: int) -> None:
        self._orders = orders
        self._in_flight = in_flight
        self._sent = 0
        self.answered = 0
        self.socket = Subscriber("/ws/orders", self._hear)

    def _hear(self, socket: Subscriber, message: bytes) -> None:
        if message.startswith(b'{"id"'):
            assert message.startswith((b'{"id":1,"type":"ack"', b'{"id":0,"type":"ack"')), message
            count = 1 if self._sent else self._in_flight
            self.answered += 1
            for place in range(self._sent, self._sent + count):
                socket.send(self._orders[place % len(self._orders)])
            self._sent += count

    def begin(self) -> None:
        """Say who it is; the answer begins the trade."""
        self.socket.send(masked(b'{"id":0,"op":"auth"}'))


Clients = list[Poster] | list[SocketTrader]


def answered_by(clients: Clients) -> int:
    """Return how many answers came so far."""
    return sum(client.answered for client in clients)
