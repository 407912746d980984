"""Placing orders, one by one and in batches."""

from typing import Any

from flask import Blueprint, Response

from order_engine.api.plumbing import answers, schemas
from order_engine.api.plumbing.keys import Access
from order_engine.api.plumbing.operation import Asked, Entrance, Operation
from order_engine.api.plumbing.problems import Content, Problem, invalid
from order_engine.api.plumbing.rendering import Renderer
from order_engine.api.plumbing.responses import answer
from order_engine.api.plumbing.schemas import BATCH_LENGTH_MAX, PLACE_ORDER
from order_engine.api.plumbing.submission import Submission, submit
from order_engine.exchange.exchange import Exchange
from order_engine.matching.commands import PlaceOrder
from order_engine.wire.exact_json import Json
from order_engine.wire.form import Fields, FormError, place_order

BATCH_BYTES_MAX = 8 << 20

PLACE = Operation(
    summary="Place an order",
    description="The answer is the order as it stands after matching, with its trades. A refusal by the rulebook is "
    "422, with the reason as `code` and the REJECTED order as `order`.",
    access=Access.TRADE,
    body=PLACE_ORDER,
    answers={201: answers.OrderWithTrades()},
    problems=(409, 422),
)
PLACE_BATCH = Operation(
    summary="Place up to 1,000 orders",
    description="They are applied in order, each accepted or refused by itself: an entry of wrong form gets its own "
    "400 while the others are applied. All that are applied are one record of the journal: after a crash all of them "
    "are there, or none.",
    access=Access.TRADE,
    body=schemas.PLACE_BATCH,
    body_bytes_max=BATCH_BYTES_MAX,
    body_is_read_later=True,
    answers={200: answers.BatchResults()},
    problems=(409, 422),
)


class OrderEntry:
    """Takes new orders."""

    def __init__(self, exchange: Exchange, renderer: Renderer) -> None:
        self._exchange = exchange
        self._renderer = renderer

    def place_order(self, asked: Asked) -> Response:
        """Place one order."""
        submission = submit(self._exchange, (_command(asked.fields),), asked)
        try:
            order = submission.order(self._renderer)
        except Problem as problem:
            raise submission.with_headers(problem) from None
        return answer(order, 201, submission.headers)

    def place_batch(self, asked: Asked) -> Response:
        """Place many orders as one record."""
        read = [_read_entry(entry) for entry in _entries(asked.fields)]
        commands = [entry for entry in read if isinstance(entry, PlaceOrder)]
        if not commands:
            return answer({"results": [_wrong(entry) for entry in read if isinstance(entry, Problem)]})
        submission = submit(self._exchange, commands, asked)
        results = []
        applied = 0
        for entry in read:
            if isinstance(entry, Problem):
                results.append(_wrong(entry))
            else:
                results.append(self._result(submission, applied))
                applied += 1
        return answer({"results": results}, 200, submission.headers)

    def _result(self, submission: Submission, index: int) -> Content:
        try:
            return {"status": 201, "order": submission.order(self._renderer, index)}
        except Problem as problem:
            return _wrong(problem)


def create_order_entry_blueprint(entrance: Entrance, exchange: Exchange, renderer: Renderer) -> Blueprint:
    """Serve the placing of orders."""
    blueprint = Blueprint("order_entry", __name__)
    entry = OrderEntry(exchange, renderer)
    entrance.add(blueprint, "POST", "/orders", entry.place_order, PLACE)
    entrance.add(blueprint, "POST", "/orders/batch", entry.place_batch, PLACE_BATCH)
    return blueprint


def _command(fields: Fields) -> PlaceOrder:
    try:
        return place_order(fields)
    except FormError as error:
        raise invalid(error.errors) from error


def _entries(body: dict[str, Any]) -> list[Json]:
    unknown = {name: ["Unknown field."] for name in body if name != "orders"}
    if unknown:
        raise invalid(unknown)
    orders = body.get("orders")
    if not isinstance(orders, list) or not 1 <= len(orders) <= BATCH_LENGTH_MAX:
        raise invalid({"orders": [f"Must be a list of 1 to {BATCH_LENGTH_MAX} orders."]})
    return orders


def _read_entry(entry: Json) -> PlaceOrder | Problem:
    try:
        return _command(schemas.read(PLACE_ORDER, entry))
    except Problem as problem:
        return problem


def _wrong(problem: Problem) -> Content:
    return {"status": problem.status, "problem": problem.document()}
