"""A client on a real socket that stops reading: what is kept for it has a bound; in the end it is closed with 4008."""

import asyncio
import socket
from time import monotonic

from order_engine.feeds.frames import text_frame
from order_engine.feeds.web_socket import SLOW_SECONDS, TOO_SLOW, UNSENT_BYTES_MAX, WebSocket
from tests.unit.feeds.fakes import Heard

MESSAGE = text_frame(b"x" * 1_000)
GOODBYE = TOO_SLOW.to_bytes(2, "big") + b"reads too slowly"


async def connected() -> tuple[WebSocket, socket.socket]:
    ours, client = socket.socketpair()
    client.settimeout(10)
    heard = Heard()
    web_socket = WebSocket(heard, WebSocket.serve, b"greeting", b"", message_bytes_max=100, frames_max=20)
    await asyncio.get_running_loop().create_connection(lambda: web_socket, sock=ours)
    return web_socket, client


def read_to_the_goodbye(client: socket.socket) -> bytes:
    received = b""
    while not received.endswith(GOODBYE):
        received += client.recv(1 << 16)
    return received


async def stop_reading() -> tuple[int, bytes]:
    """Return how many bytes were kept for a client, and what it got when it read again after too long."""
    web_socket, client = await connected()
    with client:
        while not web_socket.is_blocked:
            web_socket.send(MESSAGE)
        kept = web_socket.held_bytes
        web_socket.tick(monotonic() + SLOW_SECONDS + 1)
        web_socket.send(MESSAGE)
        received = await asyncio.to_thread(read_to_the_goodbye, client)
    return kept, received


def test_client_that_stops_reading_is_closed_with_4008_and_what_is_kept_for_it_has_a_bound() -> None:
    kept, received = asyncio.run(stop_reading())

    assert UNSENT_BYTES_MAX < kept <= UNSENT_BYTES_MAX + len(MESSAGE)
    assert received.startswith(b"greeting" + MESSAGE)
    assert received.endswith(MESSAGE + b"\x88" + bytes([len(GOODBYE)]) + GOODBYE)
