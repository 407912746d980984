"""The way in: what every operation does before its own work, said once.

A blueprint adds each of its operations with a description of what is asked and answered. The description admits the
caller, reads path, query and body, recognises repeated requests, and is what ``/openapi.json`` is made from.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask import Blueprint, Response, request
from marshmallow import Schema
from werkzeug.exceptions import RequestEntityTooLarge

from order_engine.api.plumbing import schemas
from order_engine.api.plumbing.keys import Access, Caller, Environ, KeyRing
from order_engine.api.plumbing.problems import Problem, invalid
from order_engine.api.plumbing.responses import JSON_TYPE
from order_engine.api.plumbing.retries import read_retry
from order_engine.journal.record import Retry
from order_engine.wire import exact_json
from order_engine.wire.exact_json import Json, NotJson
from order_engine.wire.form import Fields, FormError

BODY_BYTES_MAX = 1 << 20
READ_HEADER = "X-Min-Sequence"
SEQUENCE_DIGITS_MAX = 18


class Asked(NamedTuple):
    """A request that was read: the fields of its body and of its query, and whose it is."""

    caller: Caller
    fields: Fields
    query: Fields
    retry: Retry | None
    min_sequence: int


class Operation(NamedTuple):
    """What an operation asks for and answers. ``answers`` gives the schema of the body for each status."""

    summary: str
    answers: Mapping[int, Schema | None]
    access: Access = Access.READ
    body: Schema | None = None
    query: Schema = schemas.NOTHING
    problems: tuple[int, ...] = ()
    body_bytes_max: int = BODY_BYTES_MAX
    description: str = ""
    # A batch's entries are read one by one, so that each can be wrong by itself: then the body is only decoded here.
    body_is_read_later: bool = False
    media_type: str = JSON_TYPE


View = Callable[..., Response]


class Entrance:
    """Adds operations to blueprints, each behind the same checks in the same order: key, parameters, body."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def add(
        self, blueprint: Blueprint, method: str, path: str, view: View, operation: Operation, name: str | None = None
    ) -> None:
        """Serve an operation at a path; ``view`` gets what was asked and the path's parameters."""

        def serve(**parameters: str) -> Response:
            environ = request.environ
            caller = self._keys.admit(environ, operation.access)
            query, fields, retry, min_sequence = {}, {}, None, 0
            if parameters:
                parameters = _read_path(parameters)
            if environ.get("QUERY_STRING"):
                query = _read_query(operation.query)
            elif operation.query is not schemas.NOTHING:
                query = schemas.read(operation.query, {})
            if operation.body is not None:
                fields = body = _read_body(environ, operation)
                if not operation.body_is_read_later:
                    fields = schemas.read(operation.body, body)
            else:
                body = None
            if operation.access is Access.READ:
                min_sequence = _read_min_sequence(environ)
            elif "HTTP_IDEMPOTENCY_KEY" in environ:
                retry = _read_retry(environ, caller, body)
            return view(Asked(caller, fields, query, retry, min_sequence), **parameters)

        serve.operation = operation  # type: ignore[attr-defined]  # read by the document that describes the API
        endpoint = f"{method.lower()}_{name or view.__name__}"
        blueprint.add_url_rule(path, endpoint, serve, methods=[method])


def _read_path(parameters: Mapping[str, str]) -> dict[str, Any]:  # Any: what the parsers return
    read, errors = {}, {}
    for name, value in parameters.items():
        try:
            read[name] = schemas.PATH_PARSERS[name](value)
        except ValueError as error:
            errors[name] = [str(error)]
    if errors:
        raise invalid(errors)
    return read


def _read_query(schema: Schema) -> Fields:
    lists = dict(request.args.lists())
    duplicated = {name: ["Given more than once."] for name, values in lists.items() if len(values) > 1}
    if duplicated:
        raise invalid(duplicated)
    unknown = {name: ["Unknown parameter."] for name in lists if name not in schema.load_fields}
    if unknown:
        raise invalid(unknown)
    return schemas.read(schema, {name: values[0] for name, values in lists.items()})


def _read_body(environ: Environ, operation: Operation) -> Json:
    content_type = environ.get("CONTENT_TYPE", "")
    if content_type != JSON_TYPE and request.mimetype != JSON_TYPE:
        raise Problem("unsupported_media_type", f"Send the body as {JSON_TYPE}, not as {content_type[:100]!r}.")
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise Problem("unsupported_media_type", "Send the body without a content encoding.")
    try:
        body = exact_json.decode(_read_payload(operation.body_bytes_max))
    except NotJson as error:
        raise Problem("malformed_request", str(error)) from error
    except FormError as error:
        raise invalid(error.errors) from error
    if not isinstance(body, dict):
        raise Problem("malformed_request", "The body must be a JSON object.")
    return body


def _read_payload(bytes_max: int) -> bytes:
    # One byte more: a body that comes in chunks is cut off at the limit without a word, and must be seen to be larger.
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


def _read_min_sequence(environ: Environ) -> int:
    text = environ.get("HTTP_X_MIN_SEQUENCE")
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= SEQUENCE_DIGITS_MAX):
        raise invalid({READ_HEADER: ["Must be a sequence, as X-Sequence gave it."]})
    return int(text)


def _read_retry(environ: Environ, caller: Caller, body: Json) -> Retry | None:
    return read_retry(
        environ["HTTP_IDEMPOTENCY_KEY"],
        scope=caller.scope,
        method=environ["REQUEST_METHOD"],
        path=request.path,
        query=request.args,
        body=body,
    )
