"""Orders that were placed to be canceled once their connection is lost."""

from collections.abc import Iterator

from order_engine.matching.engine import MatchingEngine


def orders_with_connection(engine: MatchingEngine) -> Iterator[str]:
    """Return the ids of all live orders that end with their connection."""
    return (order.order_id for order in list(engine.live.by_key.values()) if order.placed.cancel_on_disconnect)


def is_with_connection(engine: MatchingEngine, order_id: str) -> bool:
    """Return whether an order is live and ends with its connection."""
    order = engine.live.find(order_id)
    return order is not None and order.placed.cancel_on_disconnect
