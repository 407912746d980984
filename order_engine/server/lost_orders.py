"""Orders that end with their connection: each connection notes its own, and those of lost ones are canceled."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from order_engine.exchange.errors import ExchangeHalted, NotReady

CANCELED_IN_A_TURN = 20


class CancelingExchange(Protocol):
    """The part of the exchange that is needed here."""

    def is_with_connection(self, order_id: str) -> bool:
        """Return whether an order is live and ends with its connection."""
        ...

    def cancel_disconnected(self, order_ids: Sequence[str]) -> None:
        """Cancel those of some orders that are live and end with their connection, which was lost."""


class PlacedOrders:
    """The orders of one connection, of which at most about as many have ended as are live."""

    def __init__(self, exchange: CancelingExchange) -> None:
        self._exchange = exchange
        self.order_ids: deque[str] = deque()

    def add(self, order_id: str) -> None:
        """Note an order, and forget the oldest if they have ended: two, so that there are less and less of them."""
        order_ids = self.order_ids
        for _ in range(min(2, len(order_ids))):
            oldest = order_ids.popleft()
            if self._exchange.is_with_connection(oldest):
                order_ids.append(oldest)
        order_ids.append(order_id)


class LostOrders:
    """Cancels the orders of lost connections, a few in each turn of the loop."""

    def __init__(self, exchange: CancelingExchange, serve_later: Callable[["LostOrders"], object]) -> None:
        self._exchange = exchange
        self._serve_later = serve_later
        self._order_ids: deque[str] = deque()

    def add(self, order_ids: Iterable[str]) -> None:
        """Cancel some orders soon."""
        is_waiting = bool(self._order_ids)
        self._order_ids += order_ids
        if self._order_ids and not is_waiting:
            self._serve_later(self)

    def serve(self) -> None:
        """Cancel the next ones."""
        count = min(CANCELED_IN_A_TURN, len(self._order_ids))
        try:
            self._exchange.cancel_disconnected([self._order_ids.popleft() for _ in range(count)])
        except (NotReady, ExchangeHalted):
            # The next start cancels them.
            self._order_ids.clear()
        if self._order_ids:
            self._serve_later(self)
