"""Routes: the steps before each view, the same for every request.

A blueprint adds each route with its ``Operation``. The operation says which access the caller needs and how path, query
and body are parsed; then a repeated request is recognized by its idempotency key. OpenAPI is made from the same
operation.
"""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, NamedTuple

from flask import Blueprint, Request
from flask.globals import request_ctx
from werkzeug.exceptions import RequestEntityTooLarge

from order_engine.api.plumbing.callers import Access, Caller
from order_engine.api.plumbing.database_reads import MIN_SEQUENCE_HEADER, DatabaseReads
from order_engine.api.plumbing.forms import PATH_PARSERS, PLACE_BATCH, Form
from order_engine.api.plumbing.keys import Environ, KeyRing
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.own_user import fill_in, fill_in_batch, require_own
from order_engine.api.plumbing.problems import Problem, invalid
from order_engine.api.plumbing.request_guard import RequestGuard, require_program
from order_engine.api.plumbing.responses import JSON_TYPE, JsonResponse
from order_engine.api.plumbing.retries import BODY_FIELD, HEADER, read_retry
from order_engine.journal.record import Retry
from order_engine.wire import exact_json
from order_engine.wire.exact_json import NotJson
from order_engine.wire.field_names import OTHER_NAMES, unknown_name
from order_engine.wire.form import HINTS_MAX, Fields, FormError

SEQUENCE_DIGITS_MAX = 18
LENGTH_DIGITS_MAX = 18

_NO_FIELDS: Fields = {}


class ParsedRequest(NamedTuple):
    """A parsed request: its caller, the fields of its body and query, its idempotency key and minimum sequence."""

    caller: Caller
    fields: Fields
    query: Fields
    retry: Retry | None
    min_sequence: int


class BodyRead(NamedTuple):
    """The fields of a body, and the idempotency key in it."""

    fields: Fields
    key: object


View = Callable[..., JsonResponse]


class Routes:
    """Adds routes to blueprints. Each checks path, key, query and body before it calls the view."""

    def __init__(self, keys: KeyRing, database: DatabaseReads, guard: RequestGuard) -> None:
        self._keys = keys
        self._guard = guard
        self._database = database
        # Decoded, a body may need a hundred times its bytes. Another server than ours reads many bodies at once.
        self._decoding = Lock()

    def add(
        self, blueprint: Blueprint, method: str, path: str, view: View, operation: Operation, name: str | None = None
    ) -> None:
        """Add a route; ``view`` is called with the parsed request and the path's parameters.

        Its name, or the one given, is the operation's id in the OpenAPI document.
        """

        def serve(**parameters: str) -> JsonResponse:
            if parameters:
                parameters = _read_path(parameters)
            parsed = self._read(request_ctx.request, operation, parameters)
            if operation.waits_for_database:
                return self._database.when_shown(parsed.min_sequence, lambda: view(parsed, **parameters))
            return view(parsed, **parameters)

        serve.operation = operation  # type: ignore[attr-defined]  # read by openapi
        blueprint.add_url_rule(path, name or view.__name__, serve, methods=[method])

    def _read(self, request: Request, operation: Operation, parameters: Mapping[str, Any]) -> ParsedRequest:
        environ = request.environ
        caller = self._keys.admit(environ, operation.access)
        if caller.signs and operation.body is None:
            self._require_signature(caller, environ, b"")
        if operation.writes:
            self._guard.require_own_origin(environ)
            if operation.body is None and environ["REQUEST_METHOD"] == "POST":
                require_program(environ)
        query, fields = _NO_FIELDS, _NO_FIELDS
        key: object = environ.get("HTTP_IDEMPOTENCY_KEY")
        if environ.get("QUERY_STRING") or operation.query.required or (caller.user_id and operation.query.parsers):
            query = _read_query(request, operation, caller)
        if operation.body is not None:
            fields, key_in_body = self._read_body(request, operation, operation.body, caller)
            if key_in_body is not None:
                key = _key_of_body(key_in_body, key)
        if not caller.is_admin:
            require_own(caller, operation.access, (parameters, query, fields))
        if not operation.writes:
            return ParsedRequest(caller, fields, query, None, self._read_min_sequence(environ))
        retry = None
        if key is not None:
            retry = read_retry(key, caller, environ["REQUEST_METHOD"], request.path, parameters, query, fields)
        return ParsedRequest(caller, fields, query, retry, 0)

    def _read_body(self, request: Request, operation: Operation, form: Form, caller: Caller) -> BodyRead:
        _require_json(request)
        payload = _read_payload(request, operation.body_bytes_max)
        if caller.signs:
            self._require_signature(caller, request.environ, payload)
        with self._decoding:
            read = _decoded(payload, form, caller)
        if not isinstance(read, Problem):
            return read
        # The traceback keeps this frame: it must hold neither the payload nor, in a cycle, the problem.
        del payload
        try:
            raise read
        finally:
            del read

    def _require_signature(self, caller: Caller, environ: Environ, body: bytes) -> None:
        method, target = environ["REQUEST_METHOD"], environ.get("RAW_URI", "")
        self._keys.require_signature(caller, environ, method, target, body)

    def _read_min_sequence(self, environ: Environ) -> int:
        text = environ.get("HTTP_X_MIN_SEQUENCE")
        if text is None:
            return 0
        if not (text.isascii() and text.isdigit() and len(text) <= SEQUENCE_DIGITS_MAX):
            raise invalid({MIN_SEQUENCE_HEADER: ["Must be a sequence from an X-Sequence header."]})
        min_sequence = int(text)
        self._database.require_given_out(min_sequence)
        return min_sequence


def _read_path(parameters: Mapping[str, str]) -> dict[str, Any]:  # Any: what the parsers return
    read, errors = {}, {}
    for name, value in parameters.items():
        try:
            read[name] = PATH_PARSERS[name](value)
        except ValueError as error:
            errors[name] = [str(error)]
    if errors:
        raise invalid(errors)
    return read


def _read_query(request: Request, operation: Operation, caller: Caller) -> Fields:
    form = operation.query
    lists = dict(request.args.lists()) if request.environ.get("QUERY_STRING") else {}
    duplicated = {name: ["Given more than once."] for name, values in lists.items() if len(values) > 1}
    if duplicated:
        raise invalid(duplicated)
    unknown = [name for name in lists if OTHER_NAMES.get(name, name) not in form.parsers]
    if unknown:
        # The first have a hint, which takes time to find.
        hinted = {name: [unknown_name(name, form.parsers, "parameter")] for name in unknown[:HINTS_MAX]}
        raise invalid(hinted | {name: ["Unknown parameter."] for name in unknown[HINTS_MAX:]})
    message: dict[str, object] = {name: values[0] for name, values in lists.items()}
    if operation.access is not Access.PUBLIC:
        fill_in(caller, form, message)
    return _read_fields(form, message)


def _read_fields(form: Form, message: Mapping[str, object]) -> Fields:
    try:
        return form.read(message)
    except FormError as error:
        raise invalid(error.errors) from error


def _require_json(request: Request) -> None:
    environ = request.environ
    content_type = environ.get("CONTENT_TYPE", "")
    if content_type != JSON_TYPE and request.mimetype != JSON_TYPE:
        raise Problem("unsupported_media_type", f"Send the body as {JSON_TYPE}, not as {content_type[:100]!r}.")
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise Problem("unsupported_media_type", "Send the body without a content encoding.")


def _decoded(payload: bytes, form: Form, caller: Caller) -> BodyRead | Problem:
    """Decode and parse a body. A problem is returned: the traceback of a raised one would keep all that was decoded."""
    try:
        body = exact_json.decode(payload)
        if type(body) is not dict:
            return Problem("malformed_request", "The body must be a JSON object.")
        key = body.pop(BODY_FIELD, None)
        fill_in(caller, form, body)
        fields = form.read(body)
        if form is PLACE_BATCH:
            fill_in_batch(caller, fields)
        return BodyRead(fields, key)
    except NotJson as error:
        return Problem("malformed_request", str(error))
    except FormError as error:
        return invalid(error.errors)


def _read_payload(request: Request, bytes_max: int) -> bytes:
    length = request.environ.get("CONTENT_LENGTH", "")
    if not (length.isascii() and length.isdigit()):
        return _read_chunks(request, bytes_max)
    if len(length) > LENGTH_DIGITS_MAX or int(length) > bytes_max:
        raise _too_large(bytes_max)
    payload: bytes = request.environ["wsgi.input"].read(int(length))
    if len(payload) < int(length):
        raise Problem("malformed_request", "The body is shorter than Content-Length.")
    return payload


def _read_chunks(request: Request, bytes_max: int) -> bytes:
    # One byte more than allowed: werkzeug silently cuts a chunked body at the limit.
    request.max_content_length = bytes_max + 1
    try:
        payload = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise _too_large(bytes_max) from error
    if len(payload) > bytes_max:
        raise _too_large(bytes_max)
    return payload


def _too_large(bytes_max: int) -> Problem:
    return Problem("body_too_large", f"The body may have at most {bytes_max} bytes.")


def _key_of_body(in_body: object, in_header: object) -> object:
    if in_header is not None:
        raise invalid({BODY_FIELD: [f"Another name for the header {HEADER}: send only one of them."]})
    return in_body
