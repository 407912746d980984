"""Responds to a command that ends many orders once it has ended all of them, a part at a time."""

from collections.abc import Callable

from order_engine.api.plumbing.database_reads import LaterReads
from order_engine.api.plumbing.responses import SEQUENCE_HEADER, JsonResponse
from order_engine.api.plumbing.submission import Submission
from order_engine.exchange.exchange import Exchange
from order_engine.matching.events import OrderCanceled

Respond = Callable[[list[str], dict[str, str]], JsonResponse]
"""Makes the response of the ids of the orders that were canceled, and the headers."""


def when_all_are_ended(
    exchange: Exchange, database: LaterReads, submission: Submission, respond: Respond
) -> JsonResponse:
    """Respond at once if nothing is left to end; otherwise where others need not wait."""
    canceled = [event.order.order_id for event in submission.events[0] if isinstance(event, OrderCanceled)]
    rest = submission.rest
    if rest is None:
        return respond(canceled, submission.headers)

    def end_the_rest() -> JsonResponse:
        while exchange.go_on(rest):
            pass
        headers = {**submission.headers, SEQUENCE_HEADER: str(max(submission.sequence, rest.last_sequence))}
        return respond(canceled + rest.order_ids, headers)

    return database.later(end_the_rest)
