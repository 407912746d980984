"""Clients and transports that do what a test says."""

from websockets.frames import Frame, Opcode

from order_engine.feeds.web_socket import WebSocket
from tests.local_book import Message, messages_in


class FakeClient:
    """A client of a channel."""

    def __init__(self) -> None:
        self.is_blocked = False
        self.received: list[Message] = []

    def send(self, frames: bytes) -> None:
        assert not self.is_blocked
        self.received += messages_in(frames)

    def sequences(self) -> list[int]:
        return [message["sequence"] for message in self.received]


class FakeTransport:
    """The bytes that were written, and what was asked of it."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.is_closed = self.is_aborted = self.is_paused = False

    def set_write_buffer_limits(self, high: int) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_aborted = True

    def is_closing(self) -> bool:
        return self.is_closed or self.is_aborted

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


class Heard:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.has_ended = self.is_busy = False
        self.resumed = 0

    def receive(self, message: bytes) -> None:
        self.messages.append(message)

    def resume(self) -> None:
        self.resumed += 1

    def end(self) -> None:
        self.has_ended = True


class Line:
    """A WebSocket on a fake transport; what is to be served later waits for ``turn``."""

    def __init__(self, rest: bytes = b"", *, message_bytes_max: int = 100, frames_max: int = 20) -> None:
        self.heard, self.transport = Heard(), FakeTransport()
        self.waiting: list[WebSocket] = []
        self.web_socket = WebSocket(
            self.heard,
            self.waiting.append,
            b"greeting",
            rest,
            message_bytes_max=message_bytes_max,
            frames_max=frames_max,
        )
        self.web_socket.connection_made(self.transport)  # type: ignore[arg-type]  # a fake

    def turn(self) -> None:
        """Let those have their turn that wait now."""
        waiting, self.waiting[:] = list(self.waiting), []
        for web_socket in waiting:
            web_socket.serve()

    def turns(self) -> int:
        """Let all have turns until none waits; return how many that were."""
        count = 0
        while self.waiting:
            self.turn()
            count += 1
        return count

    def receive(self, *frames: bytes) -> None:
        """Receive frames, and serve them."""
        self.web_socket.data_received(b"".join(frames))
        self.turns()

    @property
    def close_code(self) -> int | None:
        """The code with which the server has said goodbye; None if it has not."""
        written = bytes(self.transport.written.removeprefix(b"greeting"))
        place = written.find(b"\x88")
        return None if place < 0 else int.from_bytes(written[place + 2 : place + 4], "big")


def frame(content: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True, masked: bool = True) -> bytes:
    """Write a frame as a client does."""
    return Frame(opcode, content, fin).serialize(mask=masked)
