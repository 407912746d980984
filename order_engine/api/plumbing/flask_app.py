"""Flask with a fast path for API requests, and with continuations that finish a request in another thread.

The fast path skips signals, sessions and hooks. It serves views of blueprints without hooks, and finds paths without
parameters by a dictionary. Everything else takes Flask's own path, so extensions and blueprints work as usual.
"""

from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, Request, Response
from flask.ctx import RequestContext
from flask.globals import request_ctx
from flask.sessions import NullSession, SessionInterface, SessionMixin
from werkzeug.routing import BaseConverter, MapAdapter, PathConverter, Rule

from order_engine.api.plumbing.parking import CONTINUATION
from order_engine.api.plumbing.request_ids import HEADER, RequestIds
from order_engine.api.plumbing.responses import JsonResponse

CONTINUES = "order_engine.continues"
"""Set in the WSGI environment while the continuation of a request runs."""

NOWHERE = "/\0"
_NO_SESSION = NullSession()

WsgiResponse = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]


class NoSessions(SessionInterface):
    """Gives every request the same empty, read-only session."""

    def open_session(self, app: Flask, request: Request) -> SessionMixin:
        """Return the empty session."""
        del app, request
        return _NO_SESSION


class AnyPath(PathConverter):
    """The rest of a path, whatever its characters: Werkzeug's own takes no line breaks, and responds 404 to them."""

    regex = "[^/](?s:.)*?"


class OrderId(BaseConverter):
    """An order's id, but no word that is a path of its own: ``Allow`` there would name an order's methods."""

    regex = "(?!(?:batch|cancel)(?![^/]))[^/]+"


class ServiceApp(Flask):
    """The application. It has no static folder: the page's blueprint serves static files with its own headers."""

    session_interface = NoSessions()

    def __init__(self, request_ids: RequestIds | None = None) -> None:
        super().__init__("order_engine", static_folder=None)
        self.url_map.converters["path"] = AnyPath
        self.url_map.converters["order"] = OrderId
        self.request_ids = request_ids or RequestIds()

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Respond to a request."""
        return self._respond(environ, self.full_dispatch_request, start_response)

    def go_on(
        self, environ: WSGIEnvironment, view: Callable[[], JsonResponse], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Respond to a request by running its continuation."""
        environ.pop(CONTINUATION, None)
        environ[CONTINUES] = True
        return self._respond(environ, lambda: self._called(view, environ), start_response)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match by method and path, with or without a slash at its end, for any Host."""
        if request is None:
            return super().create_url_adapter(None)
        # Werkzeug takes several slashes at the beginning for one; a proxy that guards paths does not.
        if request.environ["PATH_INFO"].startswith("//"):
            return MapAdapter(self.url_map, "localhost", "/", "", "http", NOWHERE, request.method)
        path = request.path
        if path[-1:] == "/" and path != "/" and not _ends_in_encoded_slash(request.environ):
            request.path = path[:-1]
        rule = self._static_rules.get((request.method, request.path))
        if rule is not None:
            request.url_rule, request.view_args = rule, {}
            return None
        return MapAdapter(self.url_map, "localhost", "/", "", "http", request.path, request.method)

    def full_dispatch_request(self) -> Any:  # Any: a response of Flask or of ours, as WSGI sees it
        """Run the request's view."""
        request = request_ctx.request
        rule = request.url_rule
        if rule is None or rule.endpoint not in self._plain_endpoints or request.method == "OPTIONS":
            return super().full_dispatch_request()
        view: Callable[..., Any] = self.view_functions[rule.endpoint]  # Any: what a Flask view may return
        arguments = request.view_args
        return self._called(partial(view, **arguments) if arguments else view, request.environ)

    def process_response(self, response: Response) -> Response:
        """Add the request id to the response."""
        response.headers.add(HEADER, self.request_ids.of(request_ctx.request.environ))
        return super().process_response(response)

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Run the teardown functions, if there are any."""
        if self.teardown_request_funcs:
            super().do_teardown_request(exc)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function unchanged: no view here is a coroutine."""
        return func

    def _respond(
        self, environ: WSGIEnvironment, dispatch: Callable[[], WsgiResponse], start_response: StartResponse
    ) -> Iterable[bytes]:
        context = RequestContext(self, environ, session=_NO_SESSION)
        context.push()
        try:
            return dispatch()(environ, start_response)
        finally:
            context.pop(None)

    def _called(
        self, view: Callable[[], Any], environ: WSGIEnvironment
    ) -> WsgiResponse:  # Any: what a Flask view may return
        try:
            response = view()
        except Exception as error:  # noqa: BLE001 -- the error handlers turn every error into a response
            response = self.handle_user_exception(error)
        if isinstance(response, JsonResponse):
            response.headers.append((HEADER, self.request_ids.of(environ)))
            return response
        finished = self.make_response(response)
        finished.headers.add(HEADER, self.request_ids.of(environ))
        return finished

    @cached_property
    def _static_rules(self) -> dict[tuple[str, str], Rule]:
        return {
            (method, rule.rule): rule
            for rule in self.url_map.iter_rules()
            for method in rule.methods or ()
            # A view of our routes never builds a URL; another view may, and needs Flask's URL adapter for it.
            if not rule.arguments and method != "OPTIONS" and hasattr(self.view_functions[rule.endpoint], "operation")
        }

    @cached_property
    def _plain_endpoints(self) -> frozenset[str]:
        hooks = (self.before_request_funcs, self.after_request_funcs, self.url_value_preprocessors)
        hooked = {name for of_kind in hooks for name, functions in of_kind.items() if functions}
        return (
            frozenset()
            if None in hooked
            else frozenset(endpoint for endpoint in self.view_functions if endpoint.rpartition(".")[0] not in hooked)
        )


def _ends_in_encoded_slash(environ: WSGIEnvironment) -> bool:
    """Whether the slash belongs to the path's last parameter: ids may contain one."""
    target: str = environ.get("RAW_URI", "")
    return target.partition("?")[0].lower().endswith("%2f")
