"""Reading orders: one, many, and the life of one."""

from flask import Blueprint, Response

from order_engine.api.plumbing import answers, schemas
from order_engine.api.plumbing.operation import Asked, Entrance, Operation
from order_engine.api.plumbing.problems import unknown_order
from order_engine.api.plumbing.responses import answer
from order_engine.api.plumbing.schemas import LIMIT_DEFAULT
from order_engine.api.resources.order_history import OrderHistory
from order_engine.queries.results import StoredOrder
from order_engine.wire.form import Fields

_ORDER = answers.OrderWithTrades()
SHOW = Operation(
    summary="Show an order with its trades", query=schemas.OF_SYMBOL, answers={200: _ORDER}, problems=(404,)
)
SHOW_BY_CLIENT_ID = SHOW._replace(summary="Show an order by the client's own id", query=schemas.OF_USER)
EVENTS = Operation(
    summary="Show an order's life, event by event",
    description="`actor` says who asked for it, where that is known and was not the order's user.",
    query=schemas.OF_SYMBOL,
    answers={200: answers.OrderEvents()},
    problems=(404,),
)
LIST = Operation(summary="List orders, newest first", query=schemas.ORDERS, answers={200: answers.OrderPage()})
LIST_OF_USER = LIST._replace(summary="List a user's orders, newest first", query=schemas.USER_ORDERS)


class OrderReads:
    """Shows orders."""

    def __init__(self, history: OrderHistory) -> None:
        self._history = history

    def show_order(self, asked: Asked, order_id: str) -> Response:
        """Show an order with its trades."""
        return answer(self._history.with_trades(self._find(asked, order_id)))

    def show_by_client_id(self, asked: Asked, client_order_id: str) -> Response:
        """Show a user's newest order of that name."""
        stored = self._history.find_by_client_id(asked.query["user_id"], client_order_id, asked.min_sequence)
        return answer(self._history.with_trades(_checked(stored, asked.query.get("symbol"))))

    def show_events(self, asked: Asked, order_id: str) -> Response:
        """Show what happened to an order."""
        stored = self._find(asked, order_id)
        return answer({"order_id": order_id, "events": self._history.life(stored)})

    def list_orders(self, asked: Asked) -> Response:
        """List orders."""
        return self._list(asked, asked.query)

    def list_orders_of_user(self, asked: Asked, user_id: str) -> Response:
        """List a user's orders."""
        return self._list(asked, {**asked.query, "user_id": user_id})

    def _find(self, asked: Asked, order_id: str) -> StoredOrder:
        return _checked(self._history.find(order_id, asked.min_sequence), asked.query.get("symbol"))

    def _list(self, asked: Asked, filters: Fields) -> Response:
        page = self._history.page(asked.min_sequence, {"limit": LIMIT_DEFAULT, **filters})
        return answer({"orders": self._history.orders(page.orders), "next_cursor": page.next_cursor})


def create_order_reads_blueprint(entrance: Entrance, history: OrderHistory) -> Blueprint:
    """Serve the reading of orders."""
    blueprint = Blueprint("order_reads", __name__)
    reads = OrderReads(history)
    entrance.add(blueprint, "GET", "/orders", reads.list_orders, LIST)
    entrance.add(blueprint, "GET", "/orders/user/<path:user_id>", reads.list_orders_of_user, LIST_OF_USER)
    entrance.add(blueprint, "GET", "/orders/<order_id>", reads.show_order, SHOW)
    entrance.add(blueprint, "GET", "/orders/<order_id>/events", reads.show_events, EVENTS)
    by_client_id = "/orders/by-client-id/<path:client_order_id>"
    entrance.add(blueprint, "GET", by_client_id, reads.show_by_client_id, SHOW_BY_CLIENT_ID)
    return blueprint


def _checked(stored: StoredOrder | None, symbol: str | None) -> StoredOrder:
    if stored is None or symbol not in (None, stored.order.placed.symbol):
        raise unknown_order()
    return stored
