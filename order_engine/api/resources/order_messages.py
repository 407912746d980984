"""The operations of ``/ws/orders``: each message is parsed and carried out as the same request is over REST."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

from order_engine.api.plumbing import forms
from order_engine.api.plumbing.callers import Access, Caller
from order_engine.api.plumbing.database_reads import Read
from order_engine.api.plumbing.forms import Form
from order_engine.api.plumbing.keys import KeyRing
from order_engine.api.plumbing.own_user import fill_in, not_for, require_own
from order_engine.api.plumbing.problem_handlers import CODES, known_problem, problem_response
from order_engine.api.plumbing.problems import Problem, invalid, unknown_order
from order_engine.api.plumbing.responses import JsonResponse
from order_engine.api.plumbing.retries import BODY_FIELD, read_retry
from order_engine.api.plumbing.routes import ParsedRequest
from order_engine.api.resources.order_changes import OrderChanges
from order_engine.api.resources.order_entry import OrderEntry
from order_engine.wire.form import Fields, FormError

Message = dict[str, Any]  # Any: JSON
View = Callable[[ParsedRequest], JsonResponse]
PATH = "/ws/orders"
_HEADERS = {"key": "HTTP_X_API_KEY", "timestamp": "HTTP_X_TIMESTAMP", "signature": "HTTP_X_SIGNATURE"}
_NAMES = ("order_id", "client_order_id", "user_id", "symbol")


class SocketOperation(NamedTuple):
    """The form of a message, the request over REST that does the same, and its view."""

    form: Form
    method: str
    path: str
    view: View


class Session(NamedTuple):
    """Who trades on a connection. Its orders without a user get ``user_id``, and may end with the connection."""

    caller: Caller
    user_id: str | None
    cancels_on_disconnect: bool = False


class NoDatabase:
    """Takes the place of reads of the database: an order that memory does not know is unknown."""

    def when_shown(self, *_arguments: object, **_options: object) -> NoReturn:
        """Refuse; raises ``Problem``."""
        raise unknown_order("No live order has this id.")

    def later(self, read: Read) -> JsonResponse:
        """Respond now: the next message of the connection waits anyway."""
        return read()


class OrderOperations:
    """Carries messages out."""

    def __init__(self, entry: OrderEntry, changes: OrderChanges, keys: KeyRing) -> None:
        self._keys = keys
        self._changes = changes
        self._operations: Mapping[str, SocketOperation] = {
            "place": SocketOperation(forms.PLACE_ORDER, "POST", "/orders", entry.place_order),
            "amend": SocketOperation(forms.SOCKET_AMEND, "PATCH", "/orders", self._amend),
            "cancel": SocketOperation(forms.SOCKET_CANCEL, "DELETE", "/orders", self._cancel),
            "cancel_all": SocketOperation(forms.CANCEL_ALL, "DELETE", "/orders", changes.cancel_orders),
        }

    def caller_of(self, auth: Message, address: str) -> Caller:
        """Take the key from an auth, and its signature; return the caller, or raise ``Problem``."""
        sent = {header: auth.pop(name, None) for name, header in _HEADERS.items()}
        environ = {header: text for header, text in sent.items() if isinstance(text, str)} | {"REMOTE_ADDR": address}
        caller = self._keys.admit(environ, Access.READ)
        if caller.signs:
            self._keys.require_signature(caller, environ, "GET", PATH, b"")
        return caller

    def user_of(self, caller: Caller, named: str | None) -> str | None:
        """Return the user whose events a connection gets: the one named, or else the key's; raises ``Problem``."""
        if named is not None and not caller.is_admin and named != caller.user_id:
            raise not_for(caller)
        return caller.user_id if named is None else named

    @property
    def changes(self) -> int:
        """A number that grows whenever keys have changed."""
        return self._keys.changes

    def is_current(self, caller: Caller) -> bool:
        """Say whether no key that the caller needs was revoked or changed since."""
        return self._keys.is_current(caller)

    def carry_out(self, session: Session, name: object, message: Message) -> JsonResponse:
        """Carry out a message without its ``id`` and ``op``; a refusal is a response too."""
        try:
            operation = self._operations.get(name) if isinstance(name, str) else None
            if operation is None:
                raise invalid({"op": [f"Must be one of: {', '.join(self._operations)}."]})
            if session.caller.access < Access.TRADE:
                raise Problem("forbidden", "This key may read only: that needs one of scope trade.")
            return operation.view(self._parsed(operation, session, message))
        except Problem as problem:
            return problem_response(problem, None)
        except tuple(CODES) as error:
            return problem_response(known_problem(error, is_admin=session.caller.is_admin), None)

    def _parsed(self, operation: SocketOperation, session: Session, message: Message) -> ParsedRequest:
        caller = session.caller
        key = message.pop(BODY_FIELD, None)
        if session.user_id is not None and "order_id" not in message:
            message.setdefault("user_id", session.user_id)
        fill_in(caller, operation.form, message)
        try:
            fields = operation.form.read(message)
        except FormError as error:
            raise invalid(error.errors) from error
        require_own(caller, Access.TRADE, (fields,))
        retry = None
        if key is not None:
            retry = read_retry(key, caller, operation.method, operation.path, {}, {}, fields)
        if session.cancels_on_disconnect and operation.form is forms.PLACE_ORDER:
            # Not before the retry is read: it is the same order over REST.
            fields["cancel_on_disconnect"] = True
        return ParsedRequest(caller, fields, fields, retry, 0)

    def _amend(self, parsed: ParsedRequest) -> JsonResponse:
        names, terms = _apart(parsed.fields)
        parsed = parsed._replace(fields=terms, query=names)
        if "order_id" in names:
            return self._changes.amend_order(parsed, names["order_id"])
        return self._changes.amend_order_by_client_id(parsed, names["client_order_id"])

    def _cancel(self, parsed: ParsedRequest) -> JsonResponse:
        names, _ = _apart(parsed.fields)
        if "order_id" in names:
            return self._changes.cancel_order(parsed, names["order_id"])
        return self._changes.cancel_order_by_client_id(parsed, names["client_order_id"])


def _apart(fields: Fields) -> tuple[Fields, Fields]:
    """Take apart what names an order and its new terms; raises ``Problem`` if nothing names it."""
    names = {name: value for name, value in fields.items() if name in _NAMES}
    if "order_id" not in names and not {"client_order_id", "user_id"} <= names.keys():
        raise invalid({"order_id": ["Name the order by order_id, or by client_order_id and user_id."]})
    return names, {name: value for name, value in fields.items() if name not in _NAMES}
