"""Trades: the public tape, and a user's or an order's own."""

from flask import Blueprint

from order_engine.api.plumbing import forms
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.api.plumbing.stored_rendering import StoredRenderer
from order_engine.queries.queries import Queries
from order_engine.wire.messages.trades import TradePage

LIST = Operation(
    summary="List trades, newest first", query=forms.TRADES, responses={200: TradePage}, waits_for_database=True
)


class Trades:
    """Lists trades."""

    def __init__(self, queries: Queries, renderer: StoredRenderer) -> None:
        self._queries = queries
        self._renderer = renderer

    def list_trades(self, parsed: ParsedRequest) -> JsonResponse:
        """List trades, newest first."""
        filters = {"limit": forms.LIMIT_DEFAULT, **parsed.query}
        since_ns = filters.pop("since", None)
        page = self._queries.trades(since_ns=since_ns, **filters)
        return json_response(TradePage([self._renderer.trade(trade) for trade in page.trades], page.next_cursor))


def create_trades_blueprint(routes: Routes, queries: Queries, renderer: StoredRenderer) -> Blueprint:
    """Serve trades."""
    blueprint = Blueprint("trades", __name__)
    trades = Trades(queries, renderer)
    routes.add(blueprint, "GET", "/trades", trades.list_trades, LIST)
    return blueprint
