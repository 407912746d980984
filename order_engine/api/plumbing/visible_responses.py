"""Under any WSGI server: a response is sent only once what it depends on is visible.

The exchange's own server parks responses itself and holds no thread; for another one the body waits before its first
chunk, and where the outcome cannot be told any more it becomes a problem document.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from order_engine.api.plumbing.parking import CAN_CONTINUE, SEQUENCE
from order_engine.api.plumbing.problems import Problem
from order_engine.api.plumbing.responses import PROBLEM_TYPE
from order_engine.exchange.errors import Unavailable
from order_engine.exchange.exchange import Exchange

Environ = dict[str, Any]  # Any: WSGI's
StartResponse = Callable[..., Any]  # Any: WSGI's
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

OUTCOME_UNKNOWN = (
    "The journal failed before this was on disk. The command may have been carried out: retry with the same key."
)


class VisibleResponses:
    """WSGI middleware around the application."""

    def __init__(self, app: WsgiApp, exchange: Exchange) -> None:
        self._app = app
        self._exchange = exchange

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request as the application does, but no sooner."""
        if environ.get(CAN_CONTINUE):
            return self._app(environ, start_response)
        started: list[Any] = []  # Any: what WSGI hands over
        body = self._app(environ, lambda *arguments: started.append(arguments))
        sequence = environ.get(SEQUENCE, 0)
        if sequence <= self._exchange.visible_sequence:
            start_response(*started[-1])
            return body
        return self._wait(body, sequence, started, start_response)

    def _wait(
        self, body: Iterable[bytes], sequence: int, started: list[Any], start_response: StartResponse
    ) -> Iterator[bytes]:
        try:
            self._exchange.wait_visible(sequence)
        except Unavailable:
            problem = Problem("outcome_unknown", OUTCOME_UNKNOWN)
            content = msgspec.json.encode(problem.document())
            headers = [("Content-Type", PROBLEM_TYPE), ("Content-Length", str(len(content)))]
            start_response("503 Service Unavailable", [*headers, *problem.headers.items()])
            yield content
        else:
            start_response(*started[-1])
            yield from body
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
