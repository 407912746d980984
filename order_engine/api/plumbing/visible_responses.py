"""WSGI middleware for other servers: send a response only once the sequence that it depends on is visible.

Our own server parks responses and needs no thread for it. Under another server this waits in the request's thread. If
the journal fails meanwhile, the response is replaced by a problem document.
"""

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from order_engine.api.plumbing.parking import CAN_CONTINUE, SEQUENCE
from order_engine.api.plumbing.problem_handlers import problem_response
from order_engine.api.plumbing.problems import Problem
from order_engine.api.plumbing.request_ids import HEADER, KEPT_AS
from order_engine.exchange.errors import Unavailable
from order_engine.exchange.exchange import Exchange

OUTCOME_UNKNOWN = (
    "The journal failed before the command was on disk. The command may have been carried out: retry with the same key."
)


class VisibleResponses:
    """The middleware around an application."""

    def __init__(self, app: WSGIApplication, exchange: Exchange) -> None:
        self._app = app
        self._exchange = exchange

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request; send its response once it is visible."""
        if environ.get(CAN_CONTINUE):
            return self._app(environ, start_response)
        held = _HeldStart()
        body = self._app(environ, held)
        sequence = environ.get(SEQUENCE, 0)
        try:
            if sequence > self._exchange.visible_sequence:
                self._exchange.wait_visible(sequence)
        except Unavailable:
            close: Callable[[], object] = getattr(body, "close", lambda: None)
            close()
            return _outcome_unknown(environ)(environ, start_response)
        start_response(*held.arguments)
        return body


class _HeldStart:
    """Keeps the arguments of ``start_response`` until it may be called."""

    def __init__(self) -> None:
        self.arguments: tuple[Any, ...] = ()  # Any: WSGI's

    def __call__(self, *arguments: Any) -> Callable[[bytes], object]:  # Any: WSGI's
        self.arguments = arguments
        return _refuse_write


def _refuse_write(_: bytes) -> object:
    raise NotImplementedError("the application returns its bodies and never calls write()")


def _outcome_unknown(environ: WSGIEnvironment) -> WSGIApplication:
    request_id = environ.get(KEPT_AS)
    response = problem_response(Problem("outcome_unknown", OUTCOME_UNKNOWN), request_id)
    if request_id is not None:
        response.headers.append((HEADER, request_id))
    return response
