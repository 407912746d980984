"""RFC 9457 problem documents: ``KINDS`` maps each code to its status and title.

A view raises ``Problem``; nothing else in the API decides on an error's status. ``problem_handlers`` turns every other
exception into a ``Problem``, so that no client gets an HTML page.
"""

from collections.abc import Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from order_engine.wire.messages.orders import Order
from order_engine.wire.messages.problem import ProblemDocument

Content = dict[str, Any]  # Any: JSON
Errors = Mapping[str, list[str]]

RETRY_AFTER_SECONDS = 1
FIELD_NAME_LENGTH_MAX = 64
FIELDS_NAMED_MAX = 50
FIELDS_IN_DETAIL_MAX = 5


class Kind(NamedTuple):
    """The status and title of a problem's code."""

    status: int
    title: str


KINDS: Mapping[str, Kind] = {
    "malformed_request": Kind(400, "The request cannot be read."),
    "invalid_fields": Kind(400, "Some fields or parameters are wrong."),
    "unauthorized": Kind(401, "The request needs an API key."),
    "forbidden": Kind(403, "This API key does not allow the request."),
    "origin_not_allowed": Kind(403, "A page of another site may not do that."),
    "not_found": Kind(404, "There is nothing at this path."),
    "unknown_order": Kind(404, "There is no such order."),
    "unknown_symbol": Kind(404, "There is no such instrument."),
    "method_not_allowed": Kind(405, "The path does not support this method."),
    "request_timeout": Kind(408, "The request did not arrive in time."),
    "order_final": Kind(409, "The order has ended and can no longer be changed."),
    "body_too_large": Kind(413, "The body is too large."),
    "target_too_long": Kind(414, "The request target is too long."),
    "unsupported_media_type": Kind(415, "The body must be JSON."),
    "unknown_expectation": Kind(417, "The Expect header is not supported."),
    "host_not_allowed": Kind(421, "The request names a host that is not served here."),
    "idempotency_key_reused": Kind(422, "This idempotency key was used for another request."),
    "upgrade_required": Kind(426, "The path is for WebSockets."),
    "head_too_large": Kind(431, "The request head is too large."),
    "internal_error": Kind(500, "The server failed."),
    "unknown_transfer_coding": Kind(501, "The transfer coding of the body is not supported."),
    "batch_cut": Kind(503, "The batch ended before this entry."),
    "outcome_unknown": Kind(503, "The command may have been carried out."),
    "starting": Kind(503, "The exchange is starting or stopping."),
    "halted": Kind(503, "The exchange has halted."),
    "snapshot_failed": Kind(503, "No snapshot could be taken."),
    "clock_jumped": Kind(503, "The clock has jumped: orders and amends are refused."),
    "expiry_under_way": Kind(503, "Very many orders are expiring: orders and amends are refused."),
    "projection_behind": Kind(503, "The database is too far behind."),
    "feeds_unavailable": Kind(503, "The feeds take no client now."),
    "database_starting": Kind(503, "The database is being brought up to date."),
    "database_busy": Kind(503, "The database is busy: too many reads are waiting."),
    "database_unavailable": Kind(503, "The database cannot be reached."),
}


class Problem(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Errors | None = None,
        order: Order | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = None if errors is None else dict(errors)
        self.order = order
        self.status = status if status is not None else KINDS[code].status
        self.headers = dict(headers or {})
        if self.status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))

    def message(self, request_id: str | None = None) -> ProblemDocument:
        """Return the problem document."""
        kind = KINDS.get(self.code)
        return ProblemDocument(
            type=f"/docs#{self.code}",
            title=kind.title if kind and kind.status == self.status else "Refused by the rulebook.",
            status=self.status,
            detail=self.detail,
            code=self.code,
            errors=UNSET if self.errors is None else self.errors,
            order=UNSET if self.order is None else self.order,
            request_id=UNSET if request_id is None else request_id,
        )

    def document(self, request_id: str | None = None) -> Content:
        """Return the problem document as plain objects, for a server that refuses a request before the app runs."""
        document: Content = msgspec.to_builtins(self.message(request_id))
        return document


def invalid(errors: Errors) -> Problem:
    """Return the problem for wrong fields or parameters."""
    named = shortened(errors)
    detail = " ".join(f"{name}: {' '.join(messages)}" for name, messages in islice(named.items(), FIELDS_IN_DETAIL_MAX))
    return Problem("invalid_fields", detail, errors=named)


def unknown_symbol(symbol: str) -> Problem:
    """Return the problem for an instrument that is not listed."""
    return Problem("unknown_symbol", f"No instrument {symbol} is listed.")


def unknown_order(detail: str = "There is no order with this id.") -> Problem:
    """Return the problem for an unknown order."""
    return Problem("unknown_order", detail)


def shortened(errors: Errors, fields_max: int = FIELDS_NAMED_MAX) -> dict[str, list[str]]:
    """Limit the number and the length of the names that a response repeats."""
    return {str(name)[:FIELD_NAME_LENGTH_MAX]: messages for name, messages in islice(errors.items(), fields_max)}
