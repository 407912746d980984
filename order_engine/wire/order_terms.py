"""Which terms of a new order go together. See the rulebook, Order types and instructions."""

from collections.abc import Collection, Mapping
from typing import Any

from order_engine.matching.commands import OrderType, TimeInForce

PRICE_TERMS = ("price", "stop_price", "trail_amount")
PRICE_TERMS_OF: Mapping[OrderType, Collection[str]] = {
    OrderType.LIMIT: {"price"},
    OrderType.MARKET: set(),
    OrderType.STOP: {"stop_price"},
    OrderType.STOP_LIMIT: {"price", "stop_price"},
    OrderType.TRAILING_STOP: {"trail_amount"},
}
SPECIAL_TERMS = frozenset({"stop_price", "trail_amount", "post_only", "display_quantity", "expire_at"})
RESTING_TIMES = (TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD)
TIMES_OF: Mapping[OrderType, Collection[TimeInForce]] = {
    OrderType.LIMIT: tuple(TimeInForce),
    OrderType.MARKET: (TimeInForce.GTC, TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK),
    OrderType.STOP: RESTING_TIMES,
    OrderType.STOP_LIMIT: tuple(TimeInForce),
    OrderType.TRAILING_STOP: RESTING_TIMES,
}

Terms = Mapping[str, Any]  # Any: each value has the type that its field's parser returns
Errors = dict[str, list[str]]


def wrong_terms(order_type: OrderType, time_in_force: TimeInForce, terms: Terms) -> Errors:
    """Return an error for each term that does not go with the others."""
    if (
        order_type is OrderType.LIMIT
        and "price" in terms
        and time_in_force is not TimeInForce.GTD
        and SPECIAL_TERMS.isdisjoint(terms)
    ):
        # The fast path for plain limit orders.
        return {}
    errors = _wrong_prices(order_type, terms)
    if time_in_force not in TIMES_OF[order_type]:
        errors["time_in_force"] = [f"A {order_type} order takes one of: {', '.join(TIMES_OF[order_type])}."]
    if ("expire_at" in terms) != (time_in_force is TimeInForce.GTD):
        errors["expire_at"] = ["A GTD order needs a time, and only a GTD order takes one."]
    may_rest = order_type is OrderType.LIMIT and time_in_force in RESTING_TIMES
    if terms.get("post_only") and not may_rest:
        errors["post_only"] = ["Only a LIMIT order that may rest can be post-only."]
    if "display_quantity" in terms:
        if not may_rest:
            errors["display_quantity"] = ["Only a LIMIT order that may rest can be an iceberg."]
        elif terms["display_quantity"] > terms["quantity"]:
            errors["display_quantity"] = ["Must be at most the quantity."]
    return errors


def _wrong_prices(order_type: OrderType, terms: Terms) -> Errors:
    errors: Errors = {}
    needed = PRICE_TERMS_OF[order_type]
    for term in PRICE_TERMS:
        if (term in terms) != (term in needed):
            verb = "needs a" if term in needed else "takes no"
            errors[term] = [f"A {order_type} order {verb} {term.replace('_', ' ')}."]
    return errors
