"""Orders that ended recently, so that an amend or cancel that comes too late is answered without the database.

This is a cache and not part of the state: it is empty after a restart, and older orders are found in the database.
"""

from collections import deque
from typing import NamedTuple

from order_engine.exchange.applied import Applied
from order_engine.matching.events import (
    Event,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderState,
    TradeExecuted,
)

KEPT_MAX = 20_000


class EndedOrder(NamedTuple):
    """An order in its final state, and when it ended (UTC, since 1970)."""

    state: OrderState
    updated_ns: int


class EndedOrders:
    """The last ``kept_max`` orders that ended, by order id and by client order id."""

    def __init__(self, kept_max: int = KEPT_MAX) -> None:
        self._kept_max = kept_max
        self._by_id: dict[str, EndedOrder] = {}
        self._by_client_id: dict[tuple[str | None, str], EndedOrder] = {}
        self._oldest_first: deque[EndedOrder] = deque()

    def find(self, order_id: str) -> EndedOrder | None:
        """Return the newest order with this id, or None if it is not kept."""
        return self._by_id.get(order_id)

    def find_by_client_id(self, user_id: str, client_order_id: str) -> EndedOrder | None:
        """Return the user's newest order with this client order id, or None if it is not kept."""
        return self._by_client_id.get((user_id, client_order_id))

    def note(self, applied: Applied) -> None:
        """Keep the orders that a record ended."""
        timestamp_ns = applied.record.timestamp_ns
        for events in applied.events:
            for event in events:
                kind = type(event)
                if kind is TradeExecuted:
                    self._note_trade(event, timestamp_ns)
                elif kind is OrderCanceled or kind is OrderExpired or kind is OrderRejected:
                    self._add(event.order, timestamp_ns)  # type: ignore[union-attr]  # these three have an order

    def _note_trade(self, trade: Event, timestamp_ns: int) -> None:
        assert isinstance(trade, TradeExecuted)
        if not trade.buy.remaining_e8:
            self._add(trade.buy, timestamp_ns)
        if not trade.sell.remaining_e8:
            self._add(trade.sell, timestamp_ns)

    def _add(self, state: OrderState, timestamp_ns: int) -> None:
        ended = EndedOrder(state, timestamp_ns)
        self._by_id[state.order_id] = ended
        placed = state.placed
        if placed.client_order_id is not None:
            self._by_client_id[placed.user_id, placed.client_order_id] = ended
        self._oldest_first.append(ended)
        if len(self._oldest_first) > self._kept_max:
            self._forget(self._oldest_first.popleft())

    def _forget(self, ended: EndedOrder) -> None:
        order_id, placed = ended.state.order_id, ended.state.placed
        if self._by_id.get(order_id) is ended:
            del self._by_id[order_id]
        if placed.client_order_id is not None:
            name = (placed.user_id, placed.client_order_id)
            if self._by_client_id.get(name) is ended:
                del self._by_client_id[name]
