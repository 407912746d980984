"""What was traded."""

from flask import Blueprint, Response

from order_engine.api.plumbing import answers, schemas
from order_engine.api.plumbing.freshness import Freshness
from order_engine.api.plumbing.operation import Asked, Entrance, Operation
from order_engine.api.plumbing.rendering import Renderer
from order_engine.api.plumbing.responses import answer
from order_engine.queries.queries import Queries

LIST = Operation(summary="List trades, newest first", query=schemas.TRADES, answers={200: answers.TradePage()})


class Trades:
    """Shows trades."""

    def __init__(self, queries: Queries, freshness: Freshness, renderer: Renderer) -> None:
        self._queries = queries
        self._freshness = freshness
        self._renderer = renderer

    def list_trades(self, asked: Asked) -> Response:
        """List trades, newest first."""
        self._freshness.of_database(asked.min_sequence)
        filters = {"limit": schemas.LIMIT_DEFAULT, **asked.query}
        since_ns = filters.pop("since", None)
        page = self._queries.trades(since_ns=since_ns, **filters)
        trades = [self._renderer.stored_trade(trade) for trade in page.trades]
        return answer({"trades": trades, "next_cursor": page.next_cursor})


def create_trades_blueprint(
    entrance: Entrance, queries: Queries, freshness: Freshness, renderer: Renderer
) -> Blueprint:
    """Serve trades."""
    blueprint = Blueprint("trades", __name__)
    trades = Trades(queries, freshness, renderer)
    entrance.add(blueprint, "GET", "/trades", trades.list_trades, LIST)
    return blueprint
