"""Placing orders, one by one and in batches."""

from flask import Blueprint

from order_engine.api.plumbing import forms
from order_engine.api.plumbing.callers import Access, Caller
from order_engine.api.plumbing.forms import BatchEntry
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.own_user import not_for
from order_engine.api.plumbing.problems import Problem, invalid
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.api.plumbing.submission import Submission, submit
from order_engine.exchange.exchange import Exchange
from order_engine.matching.commands import PlaceOrder
from order_engine.wire.form import Fields, FormError, place_order
from order_engine.wire.messages.orders import BatchResult, BatchResults, OrderWithTrades
from order_engine.wire.rendering import Renderer

BATCH_BYTES_MAX = 8 << 20

PLACE = Operation(
    summary="Place an order",
    description="The response is the order after matching, with its trades. A refusal by the rulebook is 422, with the "
    "reason as `code` and the REJECTED order as `order`. An order without `user_id` gets that of the key; if that has "
    "none, the order has no owner.",
    access=Access.TRADE,
    body=forms.PLACE_ORDER,
    responses={201: OrderWithTrades},
    problems=(422,),
)
PLACE_BATCH = Operation(
    summary="Place up to 1,000 orders",
    description="The orders are applied in sequence. Each is accepted or refused by itself: an invalid entry gets its "
    "own 400, and the others are applied. The applied orders are one record of the journal: after a crash all of them "
    "are there, or none. Entries that are not reached within 10,000 trades, or 50 ms of the processor's time, get 503 "
    "`batch_cut`: nothing came of them. A retry with the same idempotency key gets the same response.",
    access=Access.TRADE,
    body=forms.PLACE_BATCH,
    body_bytes_max=BATCH_BYTES_MAX,
    responses={200: BatchResults},
    problems=(422,),
)


class OrderEntry:
    """Takes new orders."""

    def __init__(self, exchange: Exchange, renderer: Renderer) -> None:
        self._exchange = exchange
        self._renderer = renderer

    def place_order(self, parsed: ParsedRequest) -> JsonResponse:
        """Place one order."""
        submission = submit(self._exchange, (_command(parsed.fields),), parsed)
        try:
            order = submission.order(self._renderer)
        except Problem as problem:
            raise submission.with_headers(problem) from None
        return json_response(order, 201, submission.headers)

    def place_orders(self, parsed: ParsedRequest) -> JsonResponse:
        """Place many orders as one record."""
        entries = [_checked(entry, parsed.caller) for entry in parsed.fields["orders"]]
        commands = [entry for entry in entries if isinstance(entry, PlaceOrder)]
        if not commands:
            return json_response(BatchResults([_failed(entry) for entry in entries if isinstance(entry, Problem)]))
        submission = submit(self._exchange, commands, parsed)
        results = []
        applied = 0
        for entry in entries:
            if isinstance(entry, Problem):
                results.append(_failed(entry))
            else:
                results.append(self._result(submission, applied))
                applied += 1
        return json_response(BatchResults(results), 200, submission.headers)

    def _result(self, submission: Submission, index: int) -> BatchResult:
        if index >= len(submission.commands):
            return _failed(Problem("batch_cut", "The entries before it used up what one record may do: send it again."))
        try:
            return BatchResult(status=201, order=submission.order(self._renderer, index))
        except Problem as problem:
            return _failed(problem)


def create_order_entry_blueprint(routes: Routes, exchange: Exchange, renderer: Renderer) -> Blueprint:
    """Serve order entry."""
    blueprint = Blueprint("order_entry", __name__)
    entry = OrderEntry(exchange, renderer)
    routes.add(blueprint, "POST", "/orders", entry.place_order, PLACE)
    routes.add(blueprint, "POST", "/orders/batch", entry.place_orders, PLACE_BATCH)
    return blueprint


def _command(fields: Fields) -> PlaceOrder:
    try:
        return place_order(fields)
    except FormError as error:
        raise invalid(error.errors) from error


def _checked(entry: BatchEntry, caller: Caller) -> PlaceOrder | Problem:
    if isinstance(entry, FormError):
        return invalid(entry.errors)
    return entry if caller.is_admin or entry.user_id == caller.user_id else not_for(caller)


def _failed(problem: Problem) -> BatchResult:
    return BatchResult(status=problem.status, problem=problem.message())
