"""``/ws/orders``: order entry over a WebSocket, in the exchange's own loop.

Messages are carried out as requests are, and their answers wait for the disk in the same queue.
"""

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

import msgspec

from order_engine.api.plumbing.problem_handlers import problem_response
from order_engine.api.plumbing.problems import Problem, invalid
from order_engine.api.plumbing.responses import REPLAYED_HEADER, SEQUENCE_HEADER, JsonResponse, json_response
from order_engine.api.resources.order_messages import Session
from order_engine.feeds.frames import text_frame
from order_engine.feeds.web_socket import BROKEN_RULE, GOING_AWAY, WebSocket
from order_engine.server.response_bytes import HttpResponse
from order_engine.server.served_venue import Environ
from order_engine.wire import exact_json
from order_engine.wire.exact_json import NotJson
from order_engine.wire.form import FormError
from order_engine.wire.identifiers import parse_identifier
from order_engine.wire.messages.feeds import CaughtUp

if TYPE_CHECKING:
    from order_engine.server.order_sockets import OrderSockets

MESSAGE_BYTES_MAX = 1 << 16
# Orders are not counted: each message has its turn like a request.
FRAMES_MAX = 100_000
ID_BYTES_MAX = 200
UNANSWERED_MAX = 256
CREATED = 201
CANCEL_ON_DISCONNECT = "cancel_on_disconnect"
_ID = "order_engine.message_id"
_NAME = "order_engine.message_op"

_encode = msgspec.json.Encoder().encode


class OrderSocket:
    """A connection on which one user trades. ``sockets`` are all of them."""

    def __init__(
        self,
        sockets: "OrderSockets",
        serve_later: Callable[[WebSocket], object],
        greeting: bytes,
        rest: bytes,
        address: str,
    ) -> None:
        self._sockets = sockets
        self._address = address
        self._session: Session | None = None
        self._placed = sockets.new_placed_orders()
        self._unanswered = 0
        self._is_stopping = False
        self._has_caught_up = False
        self.deadline = 0.0
        self.counted_bytes = 0
        self.web_socket = WebSocket(
            self, serve_later, greeting, rest, message_bytes_max=MESSAGE_BYTES_MAX, frames_max=FRAMES_MAX
        )
        self._events_client = EventsClient(self.web_socket)

    @property
    def held_bytes(self) -> int:
        """How many bytes are kept for the client."""
        return self.web_socket.held_bytes

    # Called by the WebSocket:

    @property
    def is_busy(self) -> bool:
        """Whether so many messages wait for the disk that no more are taken."""
        return self._unanswered >= UNANSWERED_MAX

    def receive(self, message: bytes) -> None:
        """Take a message of the client."""
        try:
            content = exact_json.decode(message)
        except (NotJson, FormError) as error:
            self._refuse(b"null", Problem("malformed_request", str(error)))
            return
        if type(content) is not dict:
            self._refuse(b"null", Problem("malformed_request", "A message must be a JSON object."))
            return
        message_id = _encode(content.pop("id", None))
        if len(message_id) > ID_BYTES_MAX:
            self._refuse(b"null", Problem("malformed_request", f"An id may have {ID_BYTES_MAX} bytes."))
            return
        name = content.pop("op", None)
        if self._session is None:
            self._authenticate(message_id, name, content)
        else:
            self._park(message_id, name, self._carry_out(self._session, name, content))

    def resume(self) -> None:
        """Send the events that the client has missed."""
        if self._session is not None and self._session.user_id is not None:
            self._sockets.events.resume(self._session.user_id, monotonic())
        self.catch_up()

    def end(self) -> None:
        """Forget the client."""
        self._sockets.remove(self)
        self._sockets.lost.add(self._placed.order_ids)
        if self._session is not None and self._session.user_id is not None:
            self._sockets.events.leave(self._events_client, self._session.user_id)

    def catch_up(self) -> bool:
        """Tell the client, once, that it has been sent everything it has missed; return whether it was told."""
        if self._session is None or self._has_caught_up:
            return self._has_caught_up
        user_id = self._session.user_id
        if user_id is None or not self._sockets.events.is_behind(self._events_client, user_id):
            self._has_caught_up = True
            self.web_socket.send(text_frame(_encode(CaughtUp(self._sockets.visible_sequence))))
        return self._has_caught_up

    # Called when a response may be sent, and by the limits for waiting clients:

    def send(self, environ: Environ, response: HttpResponse) -> None:
        """Send the response to a message."""
        if self.is_busy:
            self.web_socket.serve_soon()
        self._unanswered -= 1
        is_done = response.status.startswith("2")
        kind = b"ack" if is_done else b"problem"
        sequence = next((text for name, text in response.headers if name == SEQUENCE_HEADER), "null").encode()
        if not is_done:
            content = b'"problem":' + response.body
        elif environ[_NAME] in ("cancel_all", CANCEL_ON_DISCONNECT):
            content = response.body[1:-1]
        else:
            content = b'"order":' + response.body
        parts = (b'{"id":', environ[_ID], b',"type":"', kind, b'","sequence":', sequence, b",", content, b"}")
        self.web_socket.send(text_frame(b"".join(parts)))
        if self._is_stopping:
            self.stop()

    def count_parked(self, size: int) -> None:
        """Do nothing: few messages of a client wait at a time."""

    def require_key(self) -> None:
        """Close if the key that let the client in was revoked or changed."""
        if self._session is not None and not self._sockets.operations.is_current(self._session.caller):
            self.web_socket.close(BROKEN_RULE, "the key has ended")

    def time_out(self) -> None:
        """Close: the client has not said who it is."""
        self.web_socket.close(BROKEN_RULE, "expected auth in time")

    def abort(self) -> None:
        """Hang up."""
        self.web_socket.abort()

    def stop(self) -> None:
        """Say goodbye once all messages are answered."""
        self._is_stopping = True
        if not self._unanswered:
            self.web_socket.close(GOING_AWAY, "the exchange stops")

    def _authenticate(self, message_id: bytes, name: object, content: dict[str, object]) -> None:
        try:
            if name != "auth":
                raise Problem("unauthorized", 'First send {"op": "auth"}, with a key if the exchange has one.')
            caller = self._sockets.operations.caller_of(content, self._address)
            named, since = _who(content, self._sockets.visible_sequence)
            user_id = self._sockets.operations.user_of(caller, named)
        except Problem as problem:
            # Now, because nothing is sent after the close.
            self._unanswered += 1
            self.send({_ID: message_id, _NAME: None}, _written(problem_response(problem, None)))
            self.web_socket.close(BROKEN_RULE, "not admitted")
            return
        self._session = Session(caller, user_id)
        self.web_socket.send(text_frame(b'{"id":' + message_id + b',"type":"ack"}'))
        if user_id is not None:
            self._sockets.events.join(self._events_client, user_id, since, monotonic())
        self._sockets.admit(self)

    def _carry_out(self, session: Session, name: object, content: dict[str, object]) -> JsonResponse:
        if name == CANCEL_ON_DISCONNECT:
            return self._set_cancel_on_disconnect(session, content)
        response = self._sockets.operations.carry_out(session, name, content)
        if name == "place" and session.cancels_on_disconnect and response.status == CREATED:
            headers = dict(response.headers)
            # The order of a repeated message was placed on the connection of the first one.
            if REPLAYED_HEADER not in headers:
                self._placed.add(headers[SEQUENCE_HEADER])
        return response

    def _set_cancel_on_disconnect(self, session: Session, content: dict[str, object]) -> JsonResponse:
        is_enabled = content.pop("enabled", None)
        errors = {unknown: ["Unknown field."] for unknown in content}
        if type(is_enabled) is not bool:
            errors["enabled"] = ["Must be true or false."]
        if errors:
            return problem_response(invalid(errors), None)
        self._session = session._replace(cancels_on_disconnect=is_enabled is True)
        return json_response({"enabled": is_enabled}, 200)

    def _refuse(self, message_id: bytes, problem: Problem) -> None:
        self._park(message_id, None, problem_response(problem, None))

    def _park(self, message_id: bytes, name: object, response: JsonResponse) -> None:
        self._unanswered += 1
        self._sockets.park(self, {_ID: message_id, _NAME: name}, _written(response))


def _written(response: JsonResponse) -> HttpResponse:
    return HttpResponse(str(response.status), response.headers, response.body)


def _who(content: dict[str, object], visible_sequence: int) -> tuple[str | None, int | None]:
    """Read the user and the sequence of an auth; raises ``Problem``."""
    user_id, since = content.pop("user_id", None), content.pop("since", None)
    errors = {name: ["Unknown field."] for name in content}
    if since is not None and not (type(since) is int and 0 <= since <= visible_sequence):
        errors["since"] = ["Must be a sequence that a message has given out."]
    try:
        named = None if user_id is None else parse_identifier(user_id)
    except ValueError as error:
        errors["user_id"] = [str(error)]
    if errors:
        raise invalid(errors)
    return named, since  # type: ignore[return-value]  # checked above


class EventsClient:
    """A WebSocket as a channel sees it."""

    def __init__(self, web_socket: WebSocket) -> None:
        self._web_socket = web_socket

    @property
    def is_blocked(self) -> bool:
        """Whether it has not read what it was sent."""
        return self._web_socket.is_blocked

    def send(self, frames: bytes) -> None:
        """Send frames."""
        self._web_socket.send(frames)
