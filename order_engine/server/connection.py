"""One client's connection: requests are served one at a time, in order.

No method blocks. Bytes of a slow client are kept and counted, and the connection is closed when its time is over.
"""

from asyncio import Protocol, Transport
from typing import TYPE_CHECKING, cast

from order_engine.api.plumbing.problems import Problem
from order_engine.server.request_reader import RequestReader
from order_engine.server.response_bytes import HttpResponse
from order_engine.server.served_venue import Environ
from order_engine.server.waiting_clients import CLOSING_SECONDS

if TYPE_CHECKING:
    from order_engine.server.request_dispatcher import RequestDispatcher

# With more unread bytes than this the connection is not read from until the next response was sent.
UNREAD_BYTES_MAX = 1 << 16


class Connection(Protocol):
    """A connection to one client."""

    def __init__(self, dispatcher: "RequestDispatcher") -> None:
        self._dispatcher = dispatcher
        self._clients = dispatcher.clients
        self._is_busy = False  # a request is being processed
        self._is_receiving = False  # a part of a request has been received
        self._is_blocked = False  # the send buffer is full
        self._is_closing = False  # further bytes are discarded
        self._has_ended = False  # the client has closed its half
        self._is_paused = False
        self._is_scheduled = False
        self.is_closed = False
        self._parked_bytes = 0  # of a request that waits for its turn, or of a response that waits for the journal
        self.counted_bytes = 0
        self.deadline = 0.0

    @property
    def held_bytes(self) -> int:
        """How many bytes are kept for the client."""
        if self.is_closed:
            return 0
        return len(self._reader) + self._transport.get_write_buffer_size() + self._parked_bytes

    @property
    def rest(self) -> bytes | bytearray:
        """What was received after the request that is being processed."""
        return self._reader.rest

    @property
    def descriptor(self) -> int:
        """The descriptor of the socket."""
        descriptor: int = self._transport.get_extra_info("socket").fileno()
        return descriptor

    # Called by the loop:

    def connection_made(self, transport: object) -> None:
        """Set up the connection."""
        self._transport = cast(Transport, transport)
        # With a limit of 0, pause_writing is called as soon as the system does not take everything at once.
        self._transport.set_write_buffer_limits(high=0)
        self._peer = self._transport.get_extra_info("peername")
        self._reader = RequestReader(self._dispatcher.names, self._dispatcher.template_for(self._peer))
        self._clients.add(self)

    def data_received(self, data: bytes) -> None:
        """Keep received bytes, and serve the next request if it is complete."""
        if self._is_closing:
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
        """Keep the connection open while responses are still to be sent."""
        self._has_ended = True
        return not self._is_closing and (self._is_busy or self._is_blocked or self._is_scheduled)

    def pause_writing(self) -> None:
        """Stop serving: the send buffer is full."""
        self._is_blocked = True

    def resume_writing(self) -> None:
        """Go on serving: the send buffer is empty."""
        self._is_blocked = False
        self._clients.count(self)
        if self._is_closing:
            self._close_writing()
        elif not self._is_busy:
            self._serve_next()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release everything that was kept."""
        del exc
        self.is_closed = True
        self._clients.remove(self)
        self._reader.close()

    # Called by the dispatcher:

    def send(self, environ: Environ, response: HttpResponse) -> None:
        """Send the response to the request that was read last, and go on with the next."""
        if self.is_closed:
            return
        dispatcher = self._dispatcher
        keep = not dispatcher.is_stopping and _is_kept(environ)
        dispatcher.count_and_log(environ, response)
        self._transport.write(dispatcher.bytes_of(environ, response, keep=keep))
        self._is_busy = False
        if self._parked_bytes:
            self._parked_bytes = 0
            self._clients.count(self)
        if not keep:
            self._close_after_response()
        elif self._is_blocked:
            self._clients.wait(self)
            self._clients.count(self)
        else:
            self._serve_next()

    def count_parked(self, size: int) -> None:
        """Count the bytes of a request that is kept until its turn, or of a response until it may be sent."""
        self._parked_bytes = size
        self._clients.count(self)

    def become(self, protocol: Protocol) -> None:
        """Give the connection to another protocol."""
        self.is_closed = self._is_closing = True
        self._clients.remove(self)
        self._reader.close()
        if self._is_paused:
            self._transport.resume_reading()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)

    # Called by WaitingClients, and by the dispatcher for queued requests:

    def time_out(self) -> None:
        """Close the connection; a client that has sent a part of a request gets 408."""
        if self._is_receiving and not (self._is_closing or self._is_blocked):
            self._refuse(Problem("request_timeout", "The rest of the request did not come in time."))
        else:
            self.abort()

    def abort(self) -> None:
        """Close at once, without sending the rest."""
        self._is_closing = True
        self._transport.abort()

    def serve(self) -> None:
        """Dispatch the next request if it is complete and the connection is free."""
        self._is_scheduled = False
        if self._is_busy or self._is_blocked or self._is_closing or self.is_closed:
            return
        try:
            environ = self._reader.next_request()
        except Problem as problem:
            self._refuse(problem)
            return
        if environ is None:
            self._wait_for_rest()
            return
        self._is_busy = True
        self._is_receiving = False
        self._clients.stop_waiting(self)
        if self.counted_bytes:
            self._clients.count(self)
        self._dispatcher.dispatch(self, environ)

    def _wait_for_rest(self) -> None:
        if self._has_ended:
            self._transport.close()
            return
        if self._reader.interim:
            self._transport.write(self._reader.interim)
            self._reader.interim = b""
        if not self._is_receiving and self._reader.is_amid_request:
            self._is_receiving = True
            self._clients.wait(self)
        if len(self._reader) > UNREAD_BYTES_MAX:
            self._let_others_read()
        self._clients.count(self)

    def _let_others_read(self) -> None:
        # Otherwise the loop reads all that has come of a large body, before it looks at the other connections.
        self._is_paused = True
        self._transport.pause_reading()
        self._dispatcher.call_soon(self._read_on)

    def _read_on(self) -> None:
        if self._is_paused and not (self._is_busy or self._is_closing or self.is_closed):
            self._is_paused = False
            self._transport.resume_reading()

    def _serve_next(self) -> None:
        # Other connections are served before the next request of this one.
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        if len(self._reader):
            self._is_scheduled = True
            self._dispatcher.serve_later(self)
        elif self._has_ended:
            self._transport.close()
        else:
            self._clients.wait(self)

    def _refuse(self, problem: Problem) -> None:
        self._transport.write(self._dispatcher.refusal(problem, self._peer))
        self._close_after_response()

    def _close_after_response(self) -> None:
        self._is_closing = True
        self._reader.forget()
        if self._is_blocked:
            self._clients.wait(self)
        else:
            self._close_writing()
        self._clients.count(self)

    def _close_writing(self) -> None:
        # Closing with unread bytes would reset the connection, and the client might lose the response.
        if self._has_ended:
            self._transport.close()
            return
        if self._is_paused:
            self._transport.resume_reading()
        self._transport.write_eof()
        self._clients.wait(self, CLOSING_SECONDS)


def _is_kept(environ: Environ) -> bool:
    if environ["REQUEST_METHOD"] == "CONNECT":
        return False
    wanted = environ.get("HTTP_CONNECTION")
    is_kept: bool = environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    if wanted is None:
        return is_kept
    options = {option.strip(" \t") for option in wanted.lower().split(",")}
    return "close" not in options and (is_kept or "keep-alive" in options)
