"""The documentation of the API: ``/openapi.json`` for programs, ``/docs`` for people."""

from functools import cache

import msgspec
from flask import Blueprint, Response, current_app, make_response, render_template

from order_engine.api.plumbing.callers import Access
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.problems import KINDS, Content
from order_engine.api.plumbing.refusals import REFUSALS
from order_engine.api.plumbing.responses import JsonResponse
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.project_files import directory_of
from order_engine.wire.field_names import OTHER_NAMES

DESCRIBE = Operation(summary="Describe the API", access=Access.PUBLIC, responses={200: None})
DOCS_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_documents_blueprint(routes: Routes) -> Blueprint:
    """Serve the documentation; it is made at the first request."""
    blueprint = Blueprint("documents", __name__, template_folder=str(directory_of("templates")))

    @cache
    def description() -> Content:
        # Here, because it imports apispec and marshmallow, which nothing else needs: an exchange starts without them.
        from order_engine.api.plumbing.openapi import describe

        return describe(current_app)

    @cache
    def encoded_description() -> bytes:
        return msgspec.json.encode(description())

    @cache
    def page() -> str:
        return render_template(
            "docs.html", description=description(), kinds=KINDS, refusals=REFUSALS, other_names=OTHER_NAMES
        )

    def get_openapi(_: ParsedRequest) -> JsonResponse:
        return JsonResponse(encoded_description())

    @blueprint.get("/docs")
    def docs() -> Response:
        response = make_response(page())
        response.headers["Content-Security-Policy"] = DOCS_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    routes.add(blueprint, "GET", "/openapi.json", get_openapi, DESCRIBE)
    return blueprint
