"""Turns every error of a request into a problem document."""

import logging

from flask import Flask, request
from werkzeug.exceptions import HTTPException

from order_engine.api.plumbing.keys import KeyRing
from order_engine.api.plumbing.problems import KINDS, Problem, invalid
from order_engine.api.plumbing.request_ids import RequestIds
from order_engine.api.plumbing.responses import PROBLEM_TYPE, JsonResponse, json_response
from order_engine.database.errors import CursorInvalid, DatabaseRefused, DatabaseStarting, DatabaseUnavailable
from order_engine.exchange.errors import (
    ClockJumped,
    ExchangeHalted,
    ExpiryUnderWay,
    NotReady,
    NotTheirOrder,
    ProjectionBehind,
    RetryMismatch,
    SnapshotError,
)

log = logging.getLogger(__name__)

CODES: dict[type[Exception], str] = {
    NotReady: "starting",
    ExchangeHalted: "halted",
    ClockJumped: "clock_jumped",
    ExpiryUnderWay: "expiry_under_way",
    NotTheirOrder: "forbidden",
    ProjectionBehind: "projection_behind",
    RetryMismatch: "idempotency_key_reused",
    DatabaseUnavailable: "database_unavailable",
    DatabaseStarting: "database_starting",
    DatabaseRefused: "database_unavailable",
    SnapshotError: "snapshot_failed",
}
# Their texts may name paths, hosts and what the disk or the database said.
CODES_OF_FAULTS = frozenset({"halted", "database_unavailable", "snapshot_failed"})
CODES_OF_STATUS = {
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    500: "internal_error",
}


def install_problem_handlers(app: Flask, request_ids: RequestIds, keys: KeyRing) -> None:
    """Register handlers, so that the app responds to every error with a problem document."""
    handlers = _ProblemHandlers(request_ids, keys)
    app.register_error_handler(Problem, handlers.problem)
    for kind in CODES:
        app.register_error_handler(kind, handlers.known)
    app.register_error_handler(CursorInvalid, handlers.wrong_cursor)
    app.register_error_handler(HTTPException, handlers.http_error)
    app.register_error_handler(Exception, handlers.mistake)


def problem_response(problem: Problem, request_id: str | None) -> JsonResponse:
    """Write a problem document."""
    return json_response(problem.message(request_id), problem.status, problem.headers, PROBLEM_TYPE)


def known_problem(error: Exception, *, is_admin: bool) -> Problem:
    """Return the problem for an error of ``CODES``; only admins see the texts of faults."""
    code = CODES[type(error)]
    return Problem(code, str(error) if is_admin or code not in CODES_OF_FAULTS else KINDS[code].title)


class _ProblemHandlers:
    def __init__(self, request_ids: RequestIds, keys: KeyRing) -> None:
        self._request_ids = request_ids
        self._keys = keys

    def problem(self, problem: Problem) -> JsonResponse:
        return problem_response(problem, self._request_ids.of(request.environ))

    def known(self, error: Exception) -> JsonResponse:
        return self.problem(known_problem(error, is_admin=self._keys.is_admin(request.environ)))

    def wrong_cursor(self, error: CursorInvalid) -> JsonResponse:
        return self.problem(invalid({"cursor": [f"It is {error}."]}))

    def http_error(self, error: HTTPException) -> JsonResponse:
        status = error.code or 500
        code = CODES_OF_STATUS.get(status, "malformed_request" if status < 500 else "internal_error")
        detail = _details(status) or str(error.description)
        # The body becomes JSON instead of werkzeug's HTML; its other headers, such as Allow, stay.
        headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
        return self.problem(Problem(code, detail, status=status, headers=headers))

    def mistake(self, error: Exception) -> JsonResponse:
        log.error("request %s failed", self._request_ids.of(request.environ), exc_info=error)
        return self.problem(Problem("internal_error", "The error was logged with the id of this request."))


def _details(status: int) -> str | None:
    path = request.environ["PATH_INFO"][:100]
    if status == 404:
        return f"There is nothing at {path}."
    return f"{path} does not support {request.method}." if status == 405 else None
