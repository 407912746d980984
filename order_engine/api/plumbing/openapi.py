"""The API's own description, OpenAPI 3.1, made from the operations that are served and the schemas that validate."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from marshmallow import Schema, fields

from order_engine.api.plumbing import answers, schemas
from order_engine.api.plumbing.fields import Parsed
from order_engine.api.plumbing.keys import Access
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.problems import KINDS, Content
from order_engine.api.plumbing.responses import PROBLEM_TYPE
from order_engine.api.plumbing.retries import PREFIX

VERSION = "1"
OPENAPI_VERSION = "3.1.0"
PROBLEM_STATUSES_OF_ALL = (400, 500, 503)
PROBLEM_STATUSES_OF_WRITES = (401,)
PROBLEM_STATUSES_OF_BODIES = (413, 415)

DESCRIPTION = """\
Prices and quantities go out as decimal strings and come in as strings or numbers, read exactly. Times are RFC 3339,
UTC. Unknown fields and parameters are refused. A 2xx on a write means that it is on disk. Every path is also served
without the prefix `/api/v1`."""

_CONVERTED = re.compile(r"<(?:path:)?(\w+)>")

Header = Mapping[str, Any]  # Any: JSON

SEQUENCE: Header = {
    "description": "The journal's sequence after this write; send it as `X-Min-Sequence` to read at least that.",
    "schema": {"type": "string", "pattern": "^[0-9]+$"},
}
REPLAYED: Header = {"description": "`true` if this is the first answer, given again.", "schema": {"type": "string"}}
REQUEST_ID: Header = {"description": "The caller's, or one made for the request.", "schema": {"type": "string"}}
MIN_SEQUENCE: Header = {
    "in": "header",
    "name": "X-Min-Sequence",
    "description": "Wait, a bounded time, until what is shown includes this sequence, which an answer gave. One that "
    "none gave is answered 503 at once.",
    "schema": {"type": "integer", "minimum": 0},
}
IDEMPOTENCY_KEY: Header = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "The same key and body give the first answer again, for 24 hours, but no longer than some 50,000 "
    "orders, cancels and trades of later requests with keys.",
    "schema": {"type": "string", "pattern": "^[ -~]{1,255}$"},
}


class Served(NamedTuple):
    """An operation and where it is."""

    path: str
    method: str
    endpoint: str
    tag: str
    operation: Operation


def describe(app: Flask) -> Content:
    """Describe all operations that the app serves."""
    plugin = MarshmallowPlugin()
    spec = APISpec(
        title="Order engine",
        version=VERSION,
        openapi_version=OPENAPI_VERSION,
        plugins=[plugin],
        info={"description": DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}},
        servers=[{"url": PREFIX}],
    )
    assert plugin.converter is not None
    plugin.converter.add_attribute_function(_documented)  # type: ignore[no-untyped-call]  # apispec gives it no types
    spec.components.schema("Problem", schema=answers.ProblemDocument())
    for scheme, definition in _SECURITY_SCHEMES.items():
        spec.components.security_scheme(scheme, dict(definition))
    for served in _served(app):
        spec.path(path=served.path, operations={served.method.lower(): _operation(served)})
    return spec.to_dict()


_SECURITY_SCHEMES: Mapping[str, Mapping[str, str]] = {
    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}


def _documented(_: object, field: fields.Field[Any], **__: object) -> Content:
    return dict(field.json_schema) if isinstance(field, Parsed) else {}


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
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": operation.body}}}
    if operation.access is not Access.READ:
        described["security"] = [{}, {"api_key": []}, {"bearer": []}]
    return described


def _parameters(served: Served) -> Iterator[Content]:
    for name in re.findall(r"{(\w+)}", served.path):
        yield {"in": "path", "name": name, "required": True, "schema": dict(schemas.PATH_JSON_SCHEMAS[name])}
    for name, field in served.operation.query.load_fields.items():
        assert isinstance(field, Parsed)
        yield {"in": "query", "name": name, "required": field.required, "schema": field.json_schema}
    yield dict(MIN_SEQUENCE if served.operation.access is Access.READ else IDEMPOTENCY_KEY)


def _responses(operation: Operation) -> Content:
    written = operation.access is not Access.READ
    headers = {"X-Request-ID": REQUEST_ID}
    written_headers = headers | ({"X-Sequence": SEQUENCE, "Idempotent-Replayed": REPLAYED} if written else {})
    responses = {
        str(int(status)): {
            "description": "Done." if status < 300 else "Not now.",
            "headers": written_headers if status < 300 else headers,
            "content": _content(operation.media_type, schema),
        }
        for status, schema in operation.answers.items()
    }
    for status in _problem_statuses(operation):
        if str(status) not in responses:
            responses[str(status)] = {
                "description": _titles(status),
                "headers": headers,
                "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
    return responses


def _content(media_type: str, schema: Schema | None) -> Content:
    return {media_type: {"schema": schema if schema is not None else {}}}


def _problem_statuses(operation: Operation) -> list[int]:
    statuses = {*PROBLEM_STATUSES_OF_ALL, *operation.problems}
    if operation.access is not Access.READ:
        statuses |= {*PROBLEM_STATUSES_OF_WRITES}
    if operation.body is not None:
        statuses |= {*PROBLEM_STATUSES_OF_BODIES}
    return sorted(statuses)


def _titles(status: int) -> str:
    titles = [kind.title for kind in KINDS.values() if kind.status == status]
    return " ".join(["Refused by the rulebook.", *titles] if status == 422 else titles)
