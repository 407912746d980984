"""Trades: the public tape, and a user's or an order's own."""

from flask import Blueprint

from order_engine.api.plumbing import forms
from order_engine.api.plumbing.callers import Access
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.api.plumbing.stored_rendering import StoredRenderer
from order_engine.queries.queries import Queries
from order_engine.wire.messages.trades import Trade, TradePage

LIST = Operation(
    summary="List trades, newest first",
    description="With `user_id` those of a user, each with the user's own `side`, `order_id` and `liquidity`. A user's "
    "trade with itself is shown once, from the side that took. Where the exchange has keys, an order's id is shown to "
    "its user and to admins, and null to others; `user_id` and `order_id` need a key.",
    access=Access.PUBLIC,
    query=forms.TRADES,
    responses={200: TradePage},
    waits_for_database=True,
    problems=(404,),
)


class Trades:
    """Lists trades."""

    def __init__(self, queries: Queries, renderer: StoredRenderer) -> None:
        self._queries = queries
        self._renderer = renderer

    def list_trades(self, parsed: ParsedRequest) -> JsonResponse:
        """List trades, newest first."""
        caller, filters = parsed.caller, forms.filters_of(parsed.query)
        page = self._queries.trades(order_owner=caller.owner, **filters)
        user_id, order_id = parsed.query.get("user_id"), parsed.query.get("order_id")
        if user_id is None:
            shown: list[Trade] = [self._renderer.trade(trade, caller.sees) for trade in page.trades]
        else:
            shown = [
                self._renderer.own_trade(trade, trade.buys_for(user_id, order_id), caller.sees) for trade in page.trades
            ]
        return json_response(TradePage(shown, page.next_cursor))


def create_trades_blueprint(routes: Routes, queries: Queries, renderer: StoredRenderer) -> Blueprint:
    """Serve trades."""
    blueprint = Blueprint("trades", __name__)
    trades = Trades(queries, renderer)
    routes.add(blueprint, "GET", "/trades", trades.list_trades, LIST)
    return blueprint
