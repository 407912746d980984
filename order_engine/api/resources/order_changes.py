"""Amending and canceling orders, named by our id or by the client's own."""

from collections.abc import Callable

from flask import Blueprint, Response

from order_engine.api.plumbing import answers, schemas
from order_engine.api.plumbing.keys import Access
from order_engine.api.plumbing.operation import Asked, Entrance, Operation
from order_engine.api.plumbing.problems import Problem, invalid, refused, unknown_order
from order_engine.api.plumbing.rendering import Renderer
from order_engine.api.plumbing.responses import answer
from order_engine.api.plumbing.submission import submit
from order_engine.api.resources.order_history import OrderHistory
from order_engine.database.errors import DatabaseUnavailable
from order_engine.exchange.exchange import Exchange
from order_engine.matching.commands import AmendOrder, CancelOrder
from order_engine.matching.events import OrderCanceled
from order_engine.matching.reason import Reason
from order_engine.queries.results import StoredOrder
from order_engine.wire.form import FormError, amend_order, cancel_all

_ORDER = answers.OrderWithTrades()
_AMEND_RULES = (
    "Only a smaller quantity at the same price keeps the order's place in the queue. Quantity 0 cancels. `trades` are "
    "those that the amend made."
)
AMEND = Operation(
    summary="Amend an order",
    description=_AMEND_RULES,
    access=Access.TRADE,
    body=schemas.AMEND_ORDER,
    query=schemas.OF_SYMBOL,
    answers={200: _ORDER},
    problems=(404, 409, 422),
)
CANCEL = Operation(
    summary="Cancel an order",
    access=Access.TRADE,
    query=schemas.OF_SYMBOL,
    answers={200: _ORDER},
    problems=(404, 409, 422),
)
CANCEL_BY_BODY = CANCEL._replace(body=schemas.CANCEL_ORDER, query=schemas.NOTHING)
AMEND_BY_CLIENT_ID = AMEND._replace(summary="Amend an order by the client's own id", query=schemas.OF_USER)
CANCEL_BY_CLIENT_ID = CANCEL._replace(summary="Cancel an order by the client's own id", query=schemas.OF_USER)
CANCEL_ALL = Operation(
    summary="Cancel all live orders of a user",
    access=Access.TRADE,
    query=schemas.CANCEL_ALL,
    answers={200: answers.Canceled()},
    problems=(409, 422),
)

Find = Callable[[int], StoredOrder | None]
"""Finds the order that a command meant, among those that had been placed before it."""


class OrderChanges:
    """Amends and cancels live orders; of others it says whether they have ended or never were."""

    def __init__(self, exchange: Exchange, history: OrderHistory, renderer: Renderer) -> None:
        self._exchange = exchange
        self._history = history
        self._renderer = renderer

    def amend_order(self, asked: Asked, order_id: str) -> Response:
        """Amend the order with this id."""
        command = _amend(asked, order_id=order_id, symbol=asked.query.get("symbol"))
        return self._change(asked, command, lambda sequence: self._history.find(order_id, before=sequence))

    def cancel_order(self, asked: Asked, order_id: str) -> Response:
        """Cancel the order with this id."""
        command = CancelOrder(order_id=order_id, symbol=asked.query.get("symbol"))
        return self._change(asked, command, lambda sequence: self._history.find(order_id, before=sequence))

    def cancel_order_by_body(self, asked: Asked) -> Response:
        """Cancel the order that the body names."""
        order_id = asked.fields["order_id"]
        command = CancelOrder(order_id=order_id, symbol=asked.fields.get("symbol"))
        return self._change(asked, command, lambda sequence: self._history.find(order_id, before=sequence))

    def amend_by_client_id(self, asked: Asked, client_order_id: str) -> Response:
        """Amend a user's live order with this id of theirs."""
        user_id, symbol = asked.query["user_id"], asked.query.get("symbol")
        command = _amend(asked, user_id=user_id, client_order_id=client_order_id, symbol=symbol)
        return self._change(
            asked,
            command,
            lambda sequence: self._history.find_by_client_id(user_id, client_order_id, before=sequence),
        )

    def cancel_by_client_id(self, asked: Asked, client_order_id: str) -> Response:
        """Cancel a user's live order with this id of theirs."""
        user_id, symbol = asked.query["user_id"], asked.query.get("symbol")
        command = CancelOrder(user_id=user_id, client_order_id=client_order_id, symbol=symbol)
        return self._change(
            asked,
            command,
            lambda sequence: self._history.find_by_client_id(user_id, client_order_id, before=sequence),
        )

    def cancel_all(self, asked: Asked) -> Response:
        """Cancel all live orders of a user, or only those in one symbol or on one side."""
        submission = submit(self._exchange, (cancel_all(asked.query),), asked)
        canceled = [event.order.order_id for event in submission.events[0] if isinstance(event, OrderCanceled)]
        return answer({"canceled": canceled}, 200, submission.headers)

    def _change(self, asked: Asked, command: AmendOrder | CancelOrder, find: Find) -> Response:
        submission = submit(self._exchange, (command,), asked)
        reason = submission.refusal()
        if reason is None:
            return answer(submission.order(self._renderer), 200, submission.headers)
        if reason is Reason.UNKNOWN_ORDER:
            problem = self._missing(find, command.symbol, submission.sequence)
        else:
            problem = refused(reason)
        raise submission.with_headers(problem)

    def _missing(self, find: Find, symbol: str | None, sequence: int) -> Problem:
        try:
            stored = find(sequence)
        except (Problem, DatabaseUnavailable):
            # Not 404: asked again, the same request could then get another answer.
            return Problem(
                "database_unavailable",
                "No live order has this id, so nothing was changed. Whether it has ended cannot be told now.",
            )
        if stored is None or symbol not in (None, stored.order.placed.symbol):
            return unknown_order()
        order = self._renderer.order(stored.order, stored.updated_ns)
        return Problem("order_final", f"The order is {stored.order.status}.", order=order)


def create_order_changes_blueprint(
    entrance: Entrance, exchange: Exchange, history: OrderHistory, renderer: Renderer
) -> Blueprint:
    """Serve amends and cancels."""
    blueprint = Blueprint("order_changes", __name__)
    changes = OrderChanges(exchange, history, renderer)
    by_client_id = "/orders/by-client-id/<path:client_order_id>"
    entrance.add(blueprint, "PUT", "/orders/<order_id>", changes.amend_order, AMEND)
    entrance.add(blueprint, "PATCH", "/orders/<order_id>", changes.amend_order, AMEND)
    entrance.add(blueprint, "DELETE", "/orders/<order_id>", changes.cancel_order, CANCEL)
    entrance.add(blueprint, "POST", "/orders/cancel", changes.cancel_order_by_body, CANCEL_BY_BODY)
    entrance.add(blueprint, "PATCH", by_client_id, changes.amend_by_client_id, AMEND_BY_CLIENT_ID)
    entrance.add(blueprint, "DELETE", by_client_id, changes.cancel_by_client_id, CANCEL_BY_CLIENT_ID)
    entrance.add(blueprint, "DELETE", "/orders", changes.cancel_all, CANCEL_ALL)
    return blueprint


def _amend(
    asked: Asked,
    *,
    order_id: str | None = None,
    user_id: str | None = None,
    client_order_id: str | None = None,
    symbol: str | None = None,
) -> AmendOrder:
    try:
        return amend_order(
            asked.fields, order_id=order_id, user_id=user_id, client_order_id=client_order_id, symbol=symbol
        )
    except FormError as error:
        raise invalid(error.errors) from error
