"""Clients in one loop that cost little: they know enough of HTTP and WebSocket to count what the server sends."""

import asyncio
from asyncio import BaseTransport, Transport
from base64 import b64encode
from collections.abc import Callable
from time import perf_counter
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
        self._received = bytearray()
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
        received = self._received
        received += data
        if not self._is_upgraded:
            end = received.find(_HEAD_END)
            if end < 0:
                return
            assert received.startswith(b"HTTP/1.1 101 "), bytes(received[:300])
            del received[: end + 4]
            self._is_upgraded = True
        start = 0
        while len(received) - start >= 2:
            length, begin = received[start + 1], start + 2
            if length == 126:
                begin += 2
                length = int.from_bytes(received[start + 2 : begin], "big")
            elif length == 127:
                begin += 8
                length = int.from_bytes(received[start + 2 : begin], "big")
            if len(received) < begin + length:
                break
            self._hear(self, bytes(received[begin : begin + length]))
            start = begin + length
        del received[:start]

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""
        del exc
        self.is_lost = True


class Poster(asyncio.Protocol):
    """Posts one request after the other, each when the last was answered."""

    def __init__(self, requests: list[bytes]) -> None:
        self._requests = requests
        self._received = bytearray()
        self.answered = 0

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin."""
        self._transport = cast(Transport, transport)
        self._post()

    def data_received(self, data: bytes) -> None:
        """Post the next once the answer is whole."""
        received = self._received
        received += data
        end = received.find(_HEAD_END)
        if end < 0:
            return
        at = received.index(_LENGTH) + len(_LENGTH)
        if len(received) >= end + 4 + int(received[at : received.index(b"\r", at)]):
            assert received.startswith(b"HTTP/1.1 201 "), bytes(received[:300])
            received.clear()
            self.answered += 1
            self._post()

    def _post(self) -> None:
        self._transport.write(self._requests[self.answered % len(self._requests)])


class SocketTrader:
    """Places one order after the other over a WebSocket, each when the last was answered."""

    def __init__(self, orders: list[bytes]) -> None:
        self._orders = orders
        self.answered = 0
        self.socket = Subscriber("/ws/orders", self._hear)

    def _hear(self, socket: Subscriber, message: bytes) -> None:
        if message.startswith(b'{"id"'):
            assert b'"type":"ack"' in message, message
            self.answered += 1
            socket.send(self._orders[self.answered % len(self._orders)])

    def begin(self) -> None:
        """Say who it is; the answer begins the trade."""
        self.socket.send(masked(b'{"id":0,"op":"auth"}'))


async def rate_of(clients: list[Poster] | list[SocketTrader], seconds: float) -> float:
    """Return how many answers a second come."""
    await asyncio.sleep(min(1.0, seconds))
    before, began = sum(client.answered for client in clients), perf_counter()
    await asyncio.sleep(seconds)
    return (sum(client.answered for client in clients) - before) / (perf_counter() - began)
