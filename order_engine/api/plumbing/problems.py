"""What goes wrong, as RFC 9457 problem documents: one table from code to status and title, one way to write them.

A view raises ``Problem``; nothing else in the API decides on an error's status. Whatever is not a ``Problem`` is
turned into one by ``problem_handlers``, so that no client ever sees a page of HTML.
"""

from collections.abc import Mapping
from http import HTTPStatus
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
    """What a problem's code stands for."""

    status: int
    title: str


KINDS: Mapping[str, Kind] = {
    "malformed_request": Kind(400, "The request cannot be read."),
    "invalid_fields": Kind(400, "Some fields or parameters are wrong."),
    "unauthorized": Kind(401, "This needs an API key."),
    "forbidden": Kind(403, "This key may not do that."),
    "origin_not_allowed": Kind(403, "A page of another site may not do that."),
    "not_found": Kind(404, "There is nothing at this path."),
    "unknown_order": Kind(404, "There is no such order."),
    "unknown_symbol": Kind(404, "There is no such instrument."),
    "method_not_allowed": Kind(405, "This path does not take this method."),
    "request_timeout": Kind(408, "The request did not come in time."),
    "order_final": Kind(409, "The order has ended and can no longer be changed."),
    "body_too_large": Kind(413, "The body is too large."),
    "target_too_long": Kind(414, "The target of the request is too long."),
    "unsupported_media_type": Kind(415, "The body must be JSON."),
    "unknown_expectation": Kind(417, "The request expects what is not done here."),
    "host_not_allowed": Kind(421, "The request names a host that is not served here."),
    "idempotency_key_reused": Kind(422, "This idempotency key was used for another request."),
    "head_too_large": Kind(431, "The head of the request is too large."),
    "internal_error": Kind(500, "The server made a mistake."),
    "unknown_transfer_coding": Kind(501, "The body's transfer coding is not known."),
    "batch_cut": Kind(503, "The batch ended before this entry."),
    "outcome_unknown": Kind(503, "The command may have been carried out."),
    "starting": Kind(503, "The exchange is starting or stopping."),
    "halted": Kind(503, "The exchange has stopped taking commands."),
    "snapshot_failed": Kind(503, "No snapshot could be taken."),
    "clock_jumped": Kind(503, "The clock has jumped: no orders or amends are taken."),
    "projection_behind": Kind(503, "The database is too far behind."),
    "database_starting": Kind(503, "The database is being brought up to date."),
    "database_busy": Kind(503, "The database has as many reads to do as it can."),
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
        self.errors = errors
        self.order = order
        self.status = status if status is not None else KINDS[code].status
        self.headers = dict(headers or {})
        if self.status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))

    def message(self, request_id: str | None = None) -> ProblemDocument:
        """Write the problem as RFC 9457 does."""
        kind = KINDS.get(self.code)
        return ProblemDocument(
            type=f"/docs#{self.code}",
            title=kind.title if kind and kind.status == self.status else "Refused by the rulebook.",
            status=self.status,
            detail=self.detail,
            code=self.code,
            errors=UNSET if self.errors is None else _shortened(self.errors),
            order=UNSET if self.order is None else self.order,
            request_id=UNSET if request_id is None else request_id,
        )

    def document(self, request_id: str | None = None) -> Content:
        """Write the problem as plain objects, for a server that refuses a request before the app sees it."""
        document: Content = msgspec.to_builtins(self.message(request_id))
        return document


def invalid(errors: Errors) -> Problem:
    """Name the fields or parameters that are wrong."""
    first = list(_shortened(errors).items())[:FIELDS_IN_DETAIL_MAX]
    detail = " ".join(f"{name}: {' '.join(messages)}" for name, messages in first)
    return Problem("invalid_fields", detail, errors=errors)


def unknown_symbol(symbol: str) -> Problem:
    """Say that an instrument is not listed."""
    return Problem("unknown_symbol", f"No instrument {symbol} is listed.")


def unknown_order(detail: str = "There is no order with this id.") -> Problem:
    """Say that there is no such order."""
    return Problem("unknown_order", detail)


def _shortened(errors: Errors) -> dict[str, list[str]]:
    """Keep an answer short, however long and many the names that were sent."""
    few = list(errors.items())[:FIELDS_NAMED_MAX]
    return {str(name)[:FIELD_NAME_LENGTH_MAX]: messages for name, messages in few}
