"""The OpenAPI 3.1 document, made from the operations that the app serves.

Request schemas come from the forms, response schemas from the message structs.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from msgspec import Struct

from order_engine.api.plumbing.callers import Access
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.problems import KINDS, Content
from order_engine.api.plumbing.request_schemas import BODY_SCHEMAS, JSON_SCHEMAS, json_schema
from order_engine.api.plumbing.responses import PROBLEM_TYPE
from order_engine.api.plumbing.retries import PREFIX
from order_engine.wire.field_names import OTHER_NAMES
from order_engine.wire.messages.orders import OrderEvent
from order_engine.wire.messages.problem import ProblemDocument
from order_engine.wire.messages.trades import OwnTrade, Trade, TradeEvent

VERSION = "1"
OPENAPI_VERSION = "3.1.0"
PROBLEM_STATUSES_OF_ALL = (400, 401, 421, 500, 503)
PROBLEM_STATUSES_OF_KEYS = (403,)
PROBLEM_STATUSES_OF_BODIES = (413, 415)

DESCRIPTION = """\
Responses write prices and quantities as decimal strings. Requests may send strings or numbers; both are read exactly.
Times are RFC 3339, UTC. Unknown fields and parameters are refused. A 2xx response to a write means that it is on disk.
Where the exchange has keys, everything but market data needs one; a user's key sees and changes its user's own things.
Keys that sign need `X-Timestamp` and `X-Signature` too (docs/keys.md). Every path is also served without the prefix
`/api/v1`, and with a slash at its end. Requests may use other field names:
{other_names}, and in a body `idempotency_key` for the header."""
SCHEMA_REFERENCE = "#/components/schemas/{name}"
# Messages that other schemas refer to by name.
MESSAGES_WITHIN = (ProblemDocument, OrderEvent, OwnTrade, Trade, TradeEvent)

_CONVERTED = re.compile(r"<(?:\w+:)?(\w+)>")

Header = Mapping[str, Any]  # Any: JSON

SEQUENCE: Header = {
    "description": "The journal's sequence after this write. Send it as `X-Min-Sequence` to read a later state.",
    "schema": {"type": "string", "pattern": "^[0-9]+$"},
}
REPLAYED: Header = {
    "description": "`true` if this repeats the response to the first request with this key.",
    "schema": {"type": "string"},
}
REQUEST_ID: Header = {"description": "The id that the client sent, or a new one.", "schema": {"type": "string"}}
MIN_SEQUENCE: Header = {
    "in": "header",
    "name": "X-Min-Sequence",
    "description": "Wait a bounded time until the response includes this sequence. Send an `X-Sequence` that a "
    "response gave; any later sequence is refused.",
    "schema": {"type": "integer", "minimum": 0},
}
IDEMPOTENCY_KEY: Header = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "A repeated request with the same key gets the first response again, for 24 hours. Responses are "
    "dropped earlier once later requests with keys made about 50,000 orders, cancels and trades.",
    "schema": {"type": "string", "pattern": "^[ -~]{1,255}$"},
}


REQUESTED_WITH: Header = {
    "in": "header",
    "name": "X-Requested-With",
    "description": "Any text. A request without a body and without a key needs it: a web form cannot send it.",
    "schema": {"type": "string"},
}


class Served(NamedTuple):
    """An operation with its path and method."""

    path: str
    method: str
    endpoint: str
    tag: str
    operation: Operation


def describe(app: Flask) -> Content:
    """Build the OpenAPI document of all operations that the app serves."""
    spec = APISpec(
        title="Order engine",
        version=VERSION,
        openapi_version=OPENAPI_VERSION,
        plugins=[MarshmallowPlugin()],
        info={"description": _description(), "license": {"name": "MIT", "identifier": "MIT"}},
        servers=[{"url": PREFIX}],
    )
    operations = list(_served(app))
    for name, schema in _message_schemas(operations).items():
        spec.components.schema(name, schema)
    for scheme, definition in _SECURITY_SCHEMES.items():
        spec.components.security_scheme(scheme, dict(definition))
    for served in operations:
        spec.path(path=served.path, operations={served.method.lower(): _operation(served)})
    return spec.to_dict()


def _description() -> str:
    return DESCRIPTION.format(other_names=", ".join(f"`{other}` for `{ours}`" for other, ours in OTHER_NAMES.items()))


def _message_schemas(operations: list[Served]) -> dict[str, Any]:  # Any: JSON
    messages: set[type[Struct]] = {
        message for served in operations for message in served.operation.responses.values() if message
    }
    messages |= {*MESSAGES_WITHIN}
    in_order = sorted(messages, key=lambda message: message.__name__)
    _, schemas = msgspec.json.schema_components(in_order, ref_template=SCHEMA_REFERENCE)
    return {name: _without_false(schema) for name, schema in schemas.items()}


def _without_false(schema: Any) -> Any:  # Any: JSON
    """Leave out ``"items": false`` of tuples, which apispec takes for a name; their ``maxItems`` says the same."""
    if isinstance(schema, dict):
        return {key: _without_false(value) for key, value in schema.items() if value is not False or key != "items"}
    return [_without_false(each) for each in schema] if isinstance(schema, list) else schema


_SECURITY_SCHEMES: Mapping[str, Mapping[str, str]] = {
    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}


def _served(app: Flask) -> Iterator[Served]:
    for rule in app.url_map.iter_rules():
        operation = getattr(app.view_functions[rule.endpoint], "operation", None)
        if operation is None or rule.rule.startswith(PREFIX):
            continue
        tag, _, name = rule.endpoint.partition(".")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Served(_CONVERTED.sub(r"{\1}", rule.rule), method, name, tag, operation)


def _operation(served: Served) -> Content:
    operation = served.operation
    described: Content = {
        "operationId": served.endpoint,
        "tags": [served.tag],
        "summary": operation.summary,
        "parameters": list(_parameters(served)),
        "responses": _responses(operation),
    }
    if operation.description:
        described["description"] = operation.description
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": BODY_SCHEMAS[operation.body.name]}},
        }
    if operation.access is not Access.PUBLIC:
        described["security"] = [{}, {"api_key": []}, {"bearer": []}]
    return described


def _parameters(served: Served) -> Iterator[Content]:
    for name in re.findall(r"{(\w+)}", served.path):
        yield {"in": "path", "name": name, "required": True, "schema": dict(JSON_SCHEMAS[name])}
    query = served.operation.query
    for name in query.parsers:
        described = dict(json_schema(query, name))
        yield {"in": "query", "name": name, "required": name in query.required, "schema": described}
    if served.method == "POST" and served.operation.body is None:
        yield dict(REQUESTED_WITH)
    yield dict(IDEMPOTENCY_KEY if served.operation.writes else MIN_SEQUENCE)


def _responses(operation: Operation) -> Content:
    written = operation.writes
    headers = {"X-Request-ID": REQUEST_ID}
    written_headers = headers | ({"X-Sequence": SEQUENCE, "Idempotent-Replayed": REPLAYED} if written else {})
    responses = {
        str(int(status)): {
            "description": "Success." if status < 300 else "Unavailable.",
            "headers": written_headers if status < 300 else headers,
            "content": _content(operation.media_type, message),
        }
        for status, message in operation.responses.items()
    }
    for status in _problem_statuses(operation):
        if str(status) not in responses:
            responses[str(status)] = {
                "description": _titles(status),
                "headers": headers,
                "content": _content(PROBLEM_TYPE, ProblemDocument),
            }
    return responses


def _content(media_type: str, message: type[Struct] | None) -> Content:
    schema = {} if message is None else {"$ref": SCHEMA_REFERENCE.format(name=message.__name__)}
    return {media_type: {"schema": schema}}


def _problem_statuses(operation: Operation) -> list[int]:
    statuses = {*PROBLEM_STATUSES_OF_ALL, *operation.problems}
    if operation.access is not Access.PUBLIC:
        statuses |= {*PROBLEM_STATUSES_OF_KEYS}
    if operation.body is not None:
        statuses |= {*PROBLEM_STATUSES_OF_BODIES}
    return sorted(statuses)


def _titles(status: int) -> str:
    titles = [kind.title for kind in KINDS.values() if kind.status == status]
    return " ".join(["Refused by the rulebook.", *titles] if status == 422 else titles)
