"""Reading orders: one, a list, and the events of one."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint

from order_engine.api.plumbing import forms
from order_engine.api.plumbing.database_reads import DatabaseReads
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.problems import unknown_order
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.api.resources.order_history import OrderHistory
from order_engine.database.errors import DatabaseUnavailable
from order_engine.exchange.exchange import Exchange
from order_engine.queries.queries import Queries
from order_engine.queries.results import StoredOrder
from order_engine.wire.form import Fields
from order_engine.wire.messages.orders import OrderEvents, OrderPage, OrderWithTrades
from order_engine.wire.messages.trades import TradePage
from order_engine.wire.rendering import Renderer, Sees

# An order found in memory waits only this long for its trades.
TRADES_WAIT_SECONDS = 1.0

SHOW = Operation(
    summary="Show an order with its newest 100 trades",
    description="While the database is unavailable or behind, an order that is live or ended recently is shown from "
    "memory: its `trades` are null, and `updated_at` is null where only the database knows it.",
    query=forms.OF_SYMBOL,
    responses={200: OrderWithTrades},
    problems=(404,),
)
SHOW_BY_CLIENT_ID = SHOW._replace(summary="Show an order by the client's order id", description="", query=forms.OF_USER)
EVENTS = Operation(
    summary="List the events of an order, oldest first",
    description="`actor` is who sent the command, if that is known and was not the order's user.",
    query=forms.ORDER_PAGES,
    responses={200: OrderEvents},
    problems=(404,),
)
TRADES = Operation(
    summary="List an order's trades, newest first",
    query=forms.ORDER_PAGES,
    responses={200: TradePage},
    problems=(404,),
)
LIST = Operation(
    summary="List orders, newest first",
    query=forms.ORDERS,
    responses={200: OrderPage},
    waits_for_database=True,
    problems=(404,),
)
LIST_OF_USER = LIST._replace(summary="List a user's orders, newest first", query=forms.USER_ORDERS)


class OrderReads:
    """Shows orders. Lists do not wait for the database; a single order is shown as of the time of the request."""

    def __init__(
        self,
        exchange: Exchange,
        queries: Queries,
        history: OrderHistory,
        database: DatabaseReads,
        renderer: Renderer,
    ) -> None:
        self._exchange = exchange
        self._queries = queries
        self._history = history
        self._database = database
        self._renderer = renderer

    def get_order(self, parsed: ParsedRequest, order_id: str) -> JsonResponse:
        """Show an order with its trades; without them if the database does not have it in time."""
        known, sees = self._exchange.order_in_memory(order_id), parsed.caller.sees
        if known is None:
            return self._one(parsed, lambda: self._queries.order(order_id), partial(self._with_trades, sees))
        state, updated_ns = known
        if parsed.query.get("symbol") not in (None, state.placed.symbol) or not sees(state.placed.user_id):
            raise unknown_order()

        def from_memory() -> JsonResponse:
            return json_response(self._renderer.order_with_trades(state, updated_ns, None))

        def read() -> JsonResponse:
            try:
                stored = self._queries.order(order_id)
                return from_memory() if stored is None else self._with_trades(sees, stored)
            except DatabaseUnavailable:
                return from_memory()

        latest = self._database.latest_sequence()
        return self._database.when_shown(latest, read, otherwise=from_memory, seconds=TRADES_WAIT_SECONDS)

    def get_order_by_client_id(self, parsed: ParsedRequest, client_order_id: str) -> JsonResponse:
        """Show a user's newest order with this client order id."""
        user_id = parsed.query["user_id"]
        show = partial(self._with_trades, parsed.caller.sees)
        return self._one(parsed, lambda: self._queries.order_by_client_id(user_id, client_order_id), show)

    def list_order_events(self, parsed: ParsedRequest, order_id: str) -> JsonResponse:
        """List the events of an order."""
        return self._one(
            parsed,
            lambda: self._queries.order(order_id),
            lambda stored: json_response(self._history.events(stored, parsed.caller.sees, *_page(parsed.query))),
        )

    def list_order_trades(self, parsed: ParsedRequest, order_id: str) -> JsonResponse:
        """List the trades of an order."""
        return self._one(
            parsed,
            lambda: self._queries.order(order_id),
            lambda stored: json_response(self._history.trades(stored, parsed.caller.sees, *_page(parsed.query))),
        )

    def list_orders(self, parsed: ParsedRequest) -> JsonResponse:
        """List orders."""
        return self._list(parsed.query)

    def list_orders_of_user(self, parsed: ParsedRequest, user_id: str) -> JsonResponse:
        """List a user's orders."""
        return self._list({**parsed.query, "user_id": user_id})

    def _one(
        self,
        parsed: ParsedRequest,
        find: Callable[[], StoredOrder | None],
        show: Callable[[StoredOrder], JsonResponse],
    ) -> JsonResponse:
        symbol, sees = parsed.query.get("symbol"), parsed.caller.sees

        def read() -> JsonResponse:
            stored = find()
            if stored is None or symbol not in (None, stored.order.placed.symbol):
                raise unknown_order()
            if not sees(stored.order.placed.user_id):
                raise unknown_order()
            return show(stored)

        # A client that gets 404 may place the order again, so the database must be up to date before we say 404.
        return self._database.when_shown(self._database.latest_sequence(), read)

    def _with_trades(self, sees: Sees, stored: StoredOrder) -> JsonResponse:
        return json_response(self._history.with_trades(stored, sees))

    def _list(self, filters: Fields) -> JsonResponse:
        return json_response(self._history.page(filters))


def _page(query: Fields) -> tuple[int, str | None]:
    return query.get("limit", forms.LIMIT_DEFAULT), query.get("cursor")


def create_order_reads_blueprint(routes: Routes, reads: OrderReads) -> Blueprint:
    """Serve reads of orders."""
    blueprint = Blueprint("order_reads", __name__)
    routes.add(blueprint, "GET", "/orders", reads.list_orders, LIST)
    routes.add(blueprint, "GET", "/orders/user/<path:user_id>", reads.list_orders_of_user, LIST_OF_USER)
    routes.add(blueprint, "GET", "/orders/<order:order_id>", reads.get_order, SHOW)
    routes.add(blueprint, "GET", "/orders/<order:order_id>/events", reads.list_order_events, EVENTS)
    routes.add(blueprint, "GET", "/orders/<order:order_id>/trades", reads.list_order_trades, TRADES)
    by_client_id = "/orders/by-client-id/<path:client_order_id>"
    routes.add(blueprint, "GET", by_client_id, reads.get_order_by_client_id, SHOW_BY_CLIENT_ID)
    return blueprint
