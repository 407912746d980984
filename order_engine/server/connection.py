"""One client's connection: its requests are answered one after the other, in the order in which they came.

Nothing here waits. What a client is slow to send or to take is kept, counted, and given up after a time.
"""

from asyncio import Protocol, Transport
from typing import TYPE_CHECKING, cast

from order_engine.api.plumbing.problems import Problem
from order_engine.server.answer_bytes import Answer
from order_engine.server.request_reader import RequestReader
from order_engine.server.venue_ports import Environ
from order_engine.server.waiting_clients import LEAVE_SECONDS

if TYPE_CHECKING:
    from order_engine.server.request_desk import RequestDesk

# Beyond this a client that sends more requests before it has its answers is not read from.
UNREAD_BYTES_MAX = 1 << 16


class Connection(Protocol):
    """A connection, from its first byte to its last."""

    def __init__(self, desk: "RequestDesk") -> None:
        self._desk = desk
        self._clients = desk.clients
        self._is_busy = False  # a request is being answered
        self._is_coming = False  # a part of a request is here
        self._is_blocked = False  # the client does not take what it was sent
        self._is_leaving = False  # nothing that comes is read any more
        self._has_ended = False  # the client sends nothing more
        self._is_paused = False
        self._is_scheduled = False
        self.is_closed = False
        self.counted_bytes = 0
        self.deadline = 0.0

    @property
    def held_bytes(self) -> int:
        """How much is kept for the client."""
        return 0 if self.is_closed else len(self._reader) + self._transport.get_write_buffer_size()

    # Called by the loop:

    def connection_made(self, transport: object) -> None:
        """Begin."""
        self._transport = cast(Transport, transport)
        # What the system does not take at once blocks this connection, so that it is noticed.
        self._transport.set_write_buffer_limits(high=0)
        self._peer = self._transport.get_extra_info("peername")
        self._reader = RequestReader(self._desk.names, self._desk.template_for(self._peer))
        self._clients.add(self)

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        if self._is_leaving:
            return
        self._reader.add(data)
        if not self._is_busy and not self._is_blocked:
            self.serve()
            return
        if len(self._reader) > UNREAD_BYTES_MAX and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        self._clients.count(self)

    def eof_received(self) -> bool:
        """Stay for the answers that the client still waits for; close otherwise."""
        self._has_ended = True
        return not self._is_leaving and (self._is_busy or self._is_blocked or self._is_scheduled)

    def pause_writing(self) -> None:
        """Notice that the client takes no more for now."""
        self._is_blocked = True

    def resume_writing(self) -> None:
        """Notice that the client has taken everything."""
        self._is_blocked = False
        self._clients.count(self)
        if self._is_leaving:
            self._say_goodbye()
        elif not self._is_busy:
            self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything that was kept."""
        del exc
        self.is_closed = True
        self._clients.remove(self)
        self._reader.forget()

    # Called by those who answer:

    def send(self, environ: Environ, answer: Answer) -> None:
        """Send the answer to the request that was read last, and go on with the next."""
        if self.is_closed:
            return
        desk = self._desk
        keep = not desk.is_stopping and _is_kept(environ)
        desk.note_sent(environ, answer)
        self._transport.write(desk.bytes_of(environ, answer, keep=keep))
        self._is_busy = False
        if not keep:
            self._leave()
        elif self._is_blocked:
            self._clients.wait(self)
            self._clients.count(self)
        else:
            self._go_on()

    # Called by those who watch over the clients:

    def give_up(self) -> None:
        """Wait no longer for the client."""
        if self._is_coming and not (self._is_leaving or self._is_blocked):
            self._refuse(Problem("request_timeout", "The rest of the request did not come in time."))
        else:
            self.abort()

    def abort(self) -> None:
        """Close at once, whatever was not sent yet."""
        self._is_leaving = True
        self._transport.abort()

    def serve(self) -> None:
        """Begin with the next request, if all of it is here and nothing is in its way."""
        self._is_scheduled = False
        if self._is_busy or self._is_blocked or self._is_leaving or self.is_closed:
            return
        try:
            environ = self._reader.next_request()
        except Problem as problem:
            self._refuse(problem)
            return
        if environ is None:
            self._await_rest()
            return
        self._is_busy = True
        self._is_coming = False
        self._clients.stop_waiting(self)
        if self.counted_bytes:
            self._clients.count(self)
        self._desk.answer(self, environ)

    def _await_rest(self) -> None:
        if self._has_ended:
            self._transport.close()
            return
        if self._reader.interim:
            self._transport.write(self._reader.interim)
            self._reader.interim = b""
        if not self._is_coming and self._reader.is_amid_request:
            self._is_coming = True
            self._clients.wait(self)
        self._clients.count(self)

    def _go_on(self) -> None:
        # The others have their turn before the next request of this one.
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        if len(self._reader):
            self._is_scheduled = True
            self._desk.serve_later(self)
        elif self._has_ended:
            self._transport.close()
        else:
            self._clients.wait(self)

    def _refuse(self, problem: Problem) -> None:
        self._transport.write(self._desk.refusal(problem, self._peer))
        self._leave()

    def _leave(self) -> None:
        self._is_leaving = True
        self._reader.forget()
        if self._is_blocked:
            self._clients.wait(self)
        else:
            self._say_goodbye()
        self._clients.count(self)

    def _say_goodbye(self) -> None:
        # What the client still sends is read, or it might not see its answer.
        if self._has_ended:
            self._transport.close()
            return
        if self._is_paused:
            self._transport.resume_reading()
        self._transport.write_eof()
        self._clients.wait(self, LEAVE_SECONDS)


def _is_kept(environ: Environ) -> bool:
    if environ["REQUEST_METHOD"] == "CONNECT":
        return False
    wanted = environ.get("HTTP_CONNECTION")
    is_kept: bool = environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    if wanted is None:
        return is_kept
    options = {option.strip(" \t") for option in wanted.lower().split(",")}
    return "close" not in options and (is_kept or "keep-alive" in options)
