"""A client's connection, which never waits for its client.

It says at which stage it is; whoever watches the socket lets it advance when there is something to read or room to
write. What the client is slow to send or to take is kept here meanwhile, and no thread with it.
"""

import json
from contextlib import suppress
from enum import Enum, auto
from http import HTTPStatus
from socket import SHUT_WR, socket
from typing import Any

from gunicorn.config import Config
from gunicorn.http import get_parser
from gunicorn.workers.gthread import TConn

from order_engine.api.plumbing.problems import Problem
from order_engine.api.plumbing.responses import PROBLEM_TYPE
from order_engine.server.request_arrival import Arrival, Unacceptable

RECEIVE_BYTES = 1 << 16
_REFUSALS = {
    HTTPStatus.BAD_REQUEST: ("malformed_request", "The chunks of the body do not fit together."),
    HTTPStatus.REQUEST_TIMEOUT: ("request_timeout", "The rest of the request did not come in time."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("body_too_large", "No path takes as much."),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: ("head_too_large", "The head of the request is too long."),
}


class Stage(Enum):
    """What a connection needs next."""

    IDLE = auto()  # a request
    COMING = auto()  # the rest of a request
    WHOLE = auto()  # an answer
    TAKING = auto()  # a client that takes the rest of its answer
    LEAVING = auto()  # a client that has seen that nothing more will come, and hangs up
    GONE = auto()  # nothing: the client has hung up


class ClientSocket(socket):
    """A socket that never waits: what cannot be sent yet, it keeps."""

    def __init__(self, accepted: socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        super().setblocking(False)
        self.unsent = bytearray()

    def setblocking(self, flag: bool, /) -> None:
        """Stay as it is: gunicorn asks for a socket that waits."""

    def sendall(self, data: Any, flags: int = 0, /) -> None:  # Any: bytes and what is like them
        """Keep it until the answer is whole: gunicorn sends head and body apart."""
        del flags
        self.unsent += data

    def send_last(self, problem: Problem) -> None:
        """Answer without the application: what came is no request that it could see."""
        status, content = HTTPStatus(problem.status), json.dumps(problem.document()).encode()
        head = f"HTTP/1.1 {status} {status.phrase}\r\nConnection: close\r\nContent-Type: {PROBLEM_TYPE}\r\n"
        self.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)

    def send(self, data: Any, flags: int = 0, /) -> int:  # Any: bytes and what is like them
        """Send nothing: gunicorn gives leave to send a body, which has come already."""
        del flags
        return len(data)

    def send_more(self) -> None:
        """Send what the client takes now of what was kept; raises ``OSError`` if it has hung up."""
        with suppress(BlockingIOError):
            if self.unsent:
                del self.unsent[: super().send(self.unsent)]


class ClientConnection(TConn):  # type: ignore[misc] # gunicorn ships no types
    """What gunicorn knows of a connection, what has come on it, and what is to become of it."""

    sock: ClientSocket

    def __init__(self, cfg: Config, sock: ClientSocket, client: object, server: object) -> None:
        super().__init__(cfg, sock, client, server)
        self.arrival = Arrival()
        self.parser = get_parser(cfg, self.arrival, client)
        self.initialized = True
        self.counted_bytes = 0
        self._is_kept = True
        self._is_gone = False
        self._is_whole = False

    @property
    def stage(self) -> Stage:
        """What is needed next."""
        if self._is_gone:
            return Stage.GONE
        if self.sock.unsent:
            return Stage.TAKING
        if not self._is_kept:
            return Stage.LEAVING
        if self._is_whole:
            return Stage.WHOLE
        return Stage.COMING if self.arrival else Stage.IDLE

    @property
    def held_bytes(self) -> int:
        """How much is kept for the client."""
        return len(self.arrival) + len(self.sock.unsent)

    def advance(self) -> Stage:
        """Read or write what can be read or written now; returns the stage that this led to."""
        try:
            if not self.sock.unsent:
                self._receive()
            self.sock.send_more()
        except BlockingIOError:
            pass
        except OSError:
            self._is_gone = True
        return self.stage

    def answered(self, *, is_kept: bool) -> None:
        """Send the answer, and go on; ``is_kept`` if the client may send another request."""
        self._is_whole = False
        # The parser may have taken more than the request that it then made out.
        self._is_kept = is_kept and self.arrival.is_ready_for_next() and not self.parser.unreader.buf.getvalue()
        try:
            self.sock.send_more()
        except OSError:
            self._is_gone = True
        if self._is_kept and self.arrival:
            self._look()

    def give_up(self) -> None:
        """Wait no longer."""
        if self.stage is Stage.COMING:
            self.refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._is_gone = True

    def refuse(self, status: HTTPStatus) -> None:
        """Answer what is not a request yet, and read no more of it."""
        self._is_kept = False
        self.sock.send_last(Problem(*_REFUSALS[status]))

    def say_goodbye(self) -> None:
        """Tell the client that nothing more will come. What it still sends is read, or it might not see its answer."""
        self.arrival.forget()
        # One that has hung up meanwhile is found gone when it is read from.
        with suppress(OSError):
            self.sock.shutdown(SHUT_WR)

    def _receive(self) -> None:
        received = self.sock.recv(RECEIVE_BYTES)
        self._is_gone = not received
        if received and self._is_kept:
            self.arrival.add(received)
            self._look()

    def _look(self) -> None:
        try:
            self._is_whole = self.arrival.is_whole()
        except Unacceptable as error:
            self.refuse(error.status)
        else:
            if self.arrival.wants_leave and not self._is_whole:
                self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
