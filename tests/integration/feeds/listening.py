"""Clients of a running server's feeds."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.integration.service.server_process import PATIENCE_SECONDS, ServerProcess
from tests.local_book import Message

FEED = "order_engine feed "
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


class Listener:
    """One client. Heartbeats are not shown."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def next(self, *kinds: str) -> Message:
        """Return the next message, of these kinds if any are named."""
        deadline = monotonic() + PATIENCE_SECONDS
        while monotonic() < deadline:
            message: Message = json.loads(self.connection.recv(PATIENCE_SECONDS))
            if message["type"] in kinds or (not kinds and message["type"] != "heartbeat"):
                return message
        raise AssertionError(f"no {kinds} came")

    def until(self, sequence: int) -> list[Message]:
        """Return the messages up to the first of a sequence."""
        received = [self.next()]
        while received[-1]["sequence"] < sequence:
            received.append(self.next())
        return received

    def sequences_until(self, sequence: int) -> list[int]:
        """Return the sequences of the messages up to the first of one."""
        return [message["sequence"] for message in self.until(sequence)]

    def close_code(self) -> int:
        """Read to the end; return the code with which the server said goodbye."""
        with suppress(ConnectionClosed):
            while True:
                self.connection.recv(PATIENCE_SECONDS)
        code = self.connection.close_code
        assert code is not None
        return code


@contextmanager
def listening(server: ServerProcess, path: str, **options: Any) -> Iterator[Listener]:
    """Connect to a feed; waits until the feeds take clients."""
    deadline = monotonic() + PATIENCE_SECONDS
    while (connection := _connected(server, path, options)) is None:
        assert monotonic() < deadline, "the feeds take no clients"
    with connection:
        yield Listener(connection)


def _connected(server: ServerProcess, path: str, options: dict[str, Any]) -> ClientConnection | None:
    try:
        return connect(f"ws://127.0.0.1:{server.port}{path}", legacy=True, **options)
    except InvalidStatus as refused:
        response = refused.response
    except (InvalidMessage, ConnectionError):
        # It was handed to a process that was killed.
        return None
    assert response.status_code == 503, response.body
    assert response.headers["Retry-After"]
    return None


def feed_processes(server: ServerProcess) -> list[int]:
    """Return the ids of the processes that serve feeds."""
    return [process_id for process_id, command in server.processes().items() if FEED in command]


def handshake_bytes(server: ServerProcess, path: str) -> bytes:
    """Return the handshake for a path."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}"]
    lines += [f"{name}: {text}" for name, text in HANDSHAKE.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
