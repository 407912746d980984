"""Orders and their events as the database has them."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import msgspec

from order_engine.api.plumbing.forms import filters_of
from order_engine.api.plumbing.stored_rendering import StoredRenderer
from order_engine.api.plumbing.submission import TRADES_SHOWN_MAX
from order_engine.exchange.exchange import Exchange
from order_engine.matching.events import OrderStatus
from order_engine.queries.cursors import encode_cursor
from order_engine.queries.queries import Queries
from order_engine.queries.results import StoredOrder
from order_engine.wire.messages.orders import Order, OrderEvents, OrderPage, OrderWithTrades
from order_engine.wire.messages.trades import TradePage
from order_engine.wire.rendering import Renderer, Sees


class OrderHistory:
    """Finds and renders stored orders, with their trades and events."""

    def __init__(self, exchange: Exchange, queries: Queries, renderer: Renderer) -> None:
        self._exchange = exchange
        self._queries = queries
        self._renderer = renderer
        self._stored_renderer = StoredRenderer(renderer)

    def page(self, filters: dict[str, Any]) -> OrderPage:  # Any: the query's own types
        """List orders, newest first."""
        page = self._queries.orders(**filters_of(filters))
        return OrderPage([self.order(stored) for stored in page.orders], page.next_cursor)

    def order(self, stored: StoredOrder) -> Order:
        """Render an order without its trades."""
        return self._renderer.order(*self._as_it_stands(stored))

    def with_trades(self, stored: StoredOrder, sees: Sees) -> OrderWithTrades:
        """Render an order with its newest trades, oldest first."""
        page = self._queries.trades_of_order(stored, limit=TRADES_SHOWN_MAX)
        shown = [self._stored_renderer.trade(trade, sees) for trade in reversed(page.trades)]
        return self._renderer.order_with_trades(*self._as_it_stands(stored), shown, page.next_cursor)

    def trades(self, stored: StoredOrder, sees: Sees, limit: int, cursor: str | None) -> TradePage:
        """List the trades of an order, newest first."""
        page = self._queries.trades_of_order(stored, limit=limit, cursor=cursor)
        return TradePage([self._stored_renderer.trade(trade, sees) for trade in page.trades], page.next_cursor)

    def events(self, stored: StoredOrder, sees: Sees, limit: int, cursor: str | None) -> OrderEvents:
        """List the events of an order, oldest first, with its trades among them."""
        order_id, symbol = stored.order.order_id, stored.order.placed.symbol
        render = self._stored_renderer
        # Events before the order's own sequence belong to earlier commands that used its id.
        events = self._queries.order_events(order_id, stored.order.sequence, limit=limit + 1, cursor=cursor)
        happened: list[tuple[Sequence[int], object]] = [
            ((event.sequence, event.number), render.event(event, symbol)) for event in events
        ]
        trades = self._queries.trade_events(stored, limit=limit + 1, cursor=cursor)
        happened += [((trade.sequence, trade.number), render.trade_event(trade, sees)) for trade in trades]
        happened.sort(key=itemgetter(0))
        next_cursor = encode_cursor("events", *happened[limit - 1][0]) if len(happened) > limit else None
        return OrderEvents(order_id, [message for _, message in happened[:limit]], next_cursor)

    def _as_it_stands(self, stored: StoredOrder) -> tuple[Any, int]:  # Any: OrderState, which replace() does not say
        order = stored.order
        if order.trail_amount_e8 is not None and order.status is OrderStatus.PENDING:
            # A trailing stop follows the last price without events: only the book knows its stop price.
            live = self._exchange.live_order(order.order_id)
            if live is not None and live.sequence == order.sequence and live.status is OrderStatus.PENDING:
                order = msgspec.structs.replace(order, stop_price_e8=live.stop_price_e8)
        return order, stored.updated_ns
