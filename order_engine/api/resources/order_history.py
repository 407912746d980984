"""Orders and their lives as the database has them, once it has caught up."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import msgspec

from order_engine.api.plumbing.freshness import Freshness
from order_engine.api.plumbing.problems import Content
from order_engine.api.plumbing.rendering import Renderer
from order_engine.exchange.exchange import Exchange
from order_engine.matching.events import OrderStatus
from order_engine.queries.queries import Queries
from order_engine.queries.results import OrderPage, StoredOrder


class OrderHistory:
    """Finds orders, and writes what became of them."""

    def __init__(self, exchange: Exchange, queries: Queries, freshness: Freshness, renderer: Renderer) -> None:
        self._exchange = exchange
        self._queries = queries
        self._freshness = freshness
        self._renderer = renderer

    def find(self, order_id: str, min_sequence: int = 0, before: int | None = None) -> StoredOrder | None:
        """Find an order by its id, as it was placed before that sequence."""
        self._freshness.of_database(min_sequence)
        return self._queries.order(order_id, before)

    def find_by_client_id(
        self, user_id: str, client_order_id: str, min_sequence: int = 0, before: int | None = None
    ) -> StoredOrder | None:
        """Find a user's newest order by the id that the user gave it, placed before that sequence."""
        self._freshness.of_database(min_sequence)
        return self._queries.order_by_client_id(user_id, client_order_id, before)

    def page(self, min_sequence: int, filters: dict[str, Any]) -> OrderPage:  # Any: the query's own types
        """List orders, newest first."""
        self._freshness.of_database(min_sequence)
        return self._queries.orders(**filters)

    def with_trades(self, stored: StoredOrder) -> Content:
        """Write an order and all of its trades."""
        order = self._order(stored)
        trades = self._queries.trades_of([stored])[stored.order.order_id]
        order["trades"] = [self._renderer.stored_trade(trade) for trade in trades]
        return order

    def life(self, stored: StoredOrder) -> list[Content]:
        """Write what happened to an order, oldest first, its trades in their places."""
        order_id, symbol = stored.order.order_id, stored.order.placed.symbol
        # What was asked of this id before there was the order is not of its life.
        events = self._queries.order_events(order_id, stored.order.sequence)
        happened = [((event.sequence, event.number), self._renderer.stored_event(event, symbol)) for event in events]
        trades = self._queries.trades_of([stored])[order_id]
        happened += [
            ((trade.sequence, trade.number), {"event": "trade", **self._renderer.stored_trade(trade)})
            for trade in trades
        ]
        return [content for _, content in sorted(happened, key=itemgetter(0))]

    def orders(self, page: Sequence[StoredOrder]) -> list[Content]:
        """Write orders without their trades."""
        return [self._order(stored) for stored in page]

    def _order(self, stored: StoredOrder) -> Content:
        order = stored.order
        if order.trail_amount_e8 is not None and order.status is OrderStatus.PENDING:
            # Its stop follows the last price without an event of its own: only the book knows where it is.
            live = self._exchange.live_order(order.order_id)
            if live is not None and live.sequence == order.sequence and live.status is OrderStatus.PENDING:
                order = msgspec.structs.replace(order, stop_price_e8=live.stop_price_e8)
        return self._renderer.order(order, stored.updated_ns)
