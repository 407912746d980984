"""Amending and canceling orders, by order id or by the client's order id."""

from collections.abc import Callable

from flask import Blueprint

from order_engine.api.plumbing import forms
from order_engine.api.plumbing.callers import Access
from order_engine.api.plumbing.database_reads import LaterReads
from order_engine.api.plumbing.ended_together import when_all_are_ended
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.problems import Problem, invalid, unknown_order
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.api.plumbing.submission import submit
from order_engine.api.resources.order_history import OrderHistory
from order_engine.database.errors import DatabaseUnavailable
from order_engine.exchange.ended_orders import EndedOrder
from order_engine.exchange.errors import NotTheirOrder
from order_engine.exchange.exchange import Exchange
from order_engine.matching.commands import AmendOrder, CancelAll, CancelOrder
from order_engine.matching.events import OrderState, OrderStatus
from order_engine.matching.reason import Reason
from order_engine.queries.queries import Queries
from order_engine.queries.results import StoredOrder
from order_engine.wire.form import FormError, amend_order, command_of
from order_engine.wire.messages.orders import Canceled, Order, OrderWithTrades
from order_engine.wire.rendering import Renderer, Sees

_AMEND_RULES = (
    "An order keeps its place in the queue only if its quantity gets smaller at the same price. Quantity 0 cancels. "
    "`trades` lists the trades that the amend made."
)
AMEND = Operation(
    summary="Amend an order",
    description=_AMEND_RULES,
    access=Access.TRADE,
    body=forms.AMEND_ORDER,
    query=forms.OF_SYMBOL,
    responses={200: OrderWithTrades},
    problems=(404, 409, 422),
)
CANCEL = Operation(
    summary="Cancel an order",
    access=Access.TRADE,
    query=forms.OF_SYMBOL,
    responses={200: OrderWithTrades},
    problems=(404, 409, 422),
)
CANCEL_BY_BODY = CANCEL._replace(body=forms.CANCEL_ORDER, query=forms.NOTHING)
AMEND_BY_CLIENT_ID = AMEND._replace(summary="Amend an order by the client's order id", query=forms.OF_USER)
CANCEL_BY_CLIENT_ID = CANCEL._replace(summary="Cancel an order by the client's order id", query=forms.OF_USER)
CANCEL_ALL = Operation(
    summary="Cancel all live orders of a user",
    description="Very many are canceled a part at a time; the response comes when all are, and names them all.",
    access=Access.TRADE,
    query=forms.CANCEL_ALL,
    responses={200: Canceled},
    problems=(422,),
)


class NamedOrder:
    """Finds an order that a command names and that is not live: in memory, then in the database."""

    def __init__(
        self,
        exchange: Exchange,
        queries: Queries,
        command: AmendOrder | CancelOrder,
        sees: Sees,
    ) -> None:
        self._exchange = exchange
        self._queries = queries
        self._order_id = command.order_id
        self._user_id = command.user_id or ""
        self._client_order_id = command.client_order_id or ""
        self._symbol = command.symbol
        self._sees = sees

    def is_meant(self, state: OrderState) -> bool:
        """Whether the caller may see the order that was found, and it has the symbol that the command names."""
        return self._symbol in (None, state.placed.symbol) and self._sees(state.placed.user_id)

    def in_memory(self, before: int) -> EndedOrder | None:
        """Find it among the orders that ended recently and were placed before the sequence ``before``."""
        if self._order_id is not None:
            ended = self._exchange.ended_order(self._order_id)
        else:
            ended = self._exchange.ended_order_by_client_id(self._user_id, self._client_order_id)
            if ended is not None and ended.state.status is OrderStatus.REJECTED:
                # An accepted order with this id takes precedence, and may be older.
                return None
        return ended if ended is not None and ended.state.sequence < before else None

    def in_database(self, before: int) -> StoredOrder | None:
        """Find it in the database, among the orders placed before the sequence ``before``."""
        if self._order_id is not None:
            return self._queries.order(self._order_id, before)
        return self._queries.order_by_client_id(self._user_id, self._client_order_id, before)


class OrderChanges:
    """Amends and cancels live orders; for others the response says whether the order ended or is unknown."""

    def __init__(
        self, exchange: Exchange, queries: Queries, history: OrderHistory, database: LaterReads, renderer: Renderer
    ) -> None:
        self._exchange = exchange
        self._queries = queries
        self._history = history
        self._database = database
        self._renderer = renderer

    def amend_order(self, parsed: ParsedRequest, order_id: str) -> JsonResponse:
        """Amend the order with this id."""
        return self._change(parsed, _amend(parsed, order_id=order_id, symbol=parsed.query.get("symbol")))

    def cancel_order(self, parsed: ParsedRequest, order_id: str) -> JsonResponse:
        """Cancel the order with this id."""
        return self._change(parsed, CancelOrder(order_id=order_id, symbol=parsed.query.get("symbol")))

    def cancel_order_by_body(self, parsed: ParsedRequest) -> JsonResponse:
        """Cancel the order that the body names."""
        return self._change(parsed, command_of(CancelOrder, parsed.fields))

    def amend_order_by_client_id(self, parsed: ParsedRequest, client_order_id: str) -> JsonResponse:
        """Amend a user's live order with this client order id."""
        user_id, symbol = parsed.query["user_id"], parsed.query.get("symbol")
        command = _amend(parsed, user_id=user_id, client_order_id=client_order_id, symbol=symbol)
        return self._change(parsed, command)

    def cancel_order_by_client_id(self, parsed: ParsedRequest, client_order_id: str) -> JsonResponse:
        """Cancel a user's live order with this client order id."""
        user_id, symbol = parsed.query["user_id"], parsed.query.get("symbol")
        command = CancelOrder(user_id=user_id, client_order_id=client_order_id, symbol=symbol)
        return self._change(parsed, command)

    def cancel_orders(self, parsed: ParsedRequest) -> JsonResponse:
        """Cancel all live orders of a user, or only those in one symbol or on one side."""
        submission = submit(self._exchange, (command_of(CancelAll, parsed.query),), parsed)

        def respond(canceled: list[str], headers: dict[str, str]) -> JsonResponse:
            return json_response(Canceled(canceled), 200, headers)

        return when_all_are_ended(self._exchange, self._database, submission, respond)

    def _change(self, parsed: ParsedRequest, command: AmendOrder | CancelOrder) -> JsonResponse:
        named = NamedOrder(self._exchange, self._queries, command, parsed.caller.sees)
        try:
            submission = submit(self._exchange, (command,), parsed)
        except NotTheirOrder:
            # Nothing was journaled. The order may have ended, and be theirs all the same.
            return self._refuse_change_of_no_live_order(named, self._exchange.applied_sequence + 1, _unchanged)
        refusal = submission.refusal()
        if refusal is None:
            return json_response(submission.order(self._renderer), 200, submission.headers)
        if refusal.reason is not Reason.UNKNOWN_ORDER:
            raise submission.refused_change(refusal)
        return self._refuse_change_of_no_live_order(named, submission.sequence, submission.with_headers)

    def _refuse_change_of_no_live_order(
        self, named: NamedOrder, sequence: int, with_headers: Callable[[Problem], Problem]
    ) -> JsonResponse:
        ended = named.in_memory(sequence)
        if ended is not None:
            order = self._renderer.order(ended.state, ended.updated_ns)
            raise with_headers(_final_or_unknown(order, is_meant=named.is_meant(ended.state)))

        def read() -> JsonResponse:
            try:
                stored = named.in_database(sequence)
            except DatabaseUnavailable:
                return cannot_tell()
            if stored is None:
                raise with_headers(unknown_order())
            order = self._history.order(stored)
            raise with_headers(_final_or_unknown(order, is_meant=named.is_meant(stored.order)))

        def cannot_tell() -> JsonResponse:
            # Not 404: the order may have ended, and the same request could get 409 later.
            detail = "No live order has this id; nothing was changed. Whether the order has ended cannot be told now."
            raise with_headers(Problem("database_unavailable", detail))

        shown_from = min(sequence, self._exchange.applied_sequence)
        return self._database.when_shown(shown_from, read, otherwise=cannot_tell)


def create_order_changes_blueprint(routes: Routes, changes: OrderChanges) -> Blueprint:
    """Serve amends and cancels."""
    blueprint = Blueprint("order_changes", __name__)
    by_client_id = "/orders/by-client-id/<path:client_order_id>"
    routes.add(blueprint, "PUT", "/orders/<order:order_id>", changes.amend_order, AMEND, name="amend_order_by_put")
    routes.add(blueprint, "PATCH", "/orders/<order:order_id>", changes.amend_order, AMEND)
    routes.add(blueprint, "DELETE", "/orders/<order:order_id>", changes.cancel_order, CANCEL)
    routes.add(blueprint, "POST", "/orders/cancel", changes.cancel_order_by_body, CANCEL_BY_BODY)
    routes.add(blueprint, "PATCH", by_client_id, changes.amend_order_by_client_id, AMEND_BY_CLIENT_ID)
    routes.add(blueprint, "DELETE", by_client_id, changes.cancel_order_by_client_id, CANCEL_BY_CLIENT_ID)
    routes.add(blueprint, "DELETE", "/orders", changes.cancel_orders, CANCEL_ALL)
    return blueprint


def _unchanged(problem: Problem) -> Problem:
    return problem


def _amend(parsed: ParsedRequest, **named: str | None) -> AmendOrder:
    try:
        return amend_order(parsed.fields, **named)
    except FormError as error:
        raise invalid(error.errors) from error


def _final_or_unknown(order: Order, *, is_meant: bool) -> Problem:
    return Problem("order_final", f"The order is {order.status}.", order=order) if is_meant else unknown_order()
