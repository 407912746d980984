"""Users: their limits, and which of them are disabled. See the rulebook, Risk limits."""

from order_engine.matching.commands import OrderType, PlaceOrder, SetRiskLimits, Side
from order_engine.matching.live_orders import LiveOrders
from order_engine.matching.order import IMMEDIATE, STOP_TYPES, Order
from order_engine.matching.reason import Reason

EVERYBODY = "*"
ONE_E8 = 100_000_000


class Accounts:
    """Users without own limits have those of ``*``. The books keep the positions."""

    __slots__ = ("_live", "disabled", "everybody_is_disabled", "limits")

    def __init__(self, live: LiveOrders) -> None:
        self._live = live
        self.limits: dict[str, SetRiskLimits] = {}
        self.disabled: set[str] = set()
        self.everybody_is_disabled = False

    def is_disabled(self, user_id: str | None) -> bool:
        """Whether no orders of a user, or without one, are taken."""
        return self.everybody_is_disabled or user_id in self.disabled

    def refusal_of_order(self, placed: PlaceOrder, position_e8: int) -> Reason | None:
        """Return the first limit that a new order would break, or None."""
        limits = None if placed.user_id is None else self.limits_of(placed.user_id)
        if limits is None or placed.user_id is None:
            return None
        reason = refusal_of_size(limits, placed.quantity_e8, placed.price_e8)
        if reason is not None:
            return reason
        open_max = limits.max_open_orders
        if (
            open_max is not None
            and may_wait(placed)
            and self._live.sum_of(placed.user_id, placed.symbol).orders >= open_max
        ):
            return Reason.RISK_MAX_OPEN_ORDERS
        return self._refusal_of_position(limits, placed, placed.user_id, placed.quantity_e8, position_e8)

    def refusal_of_amend(self, order: Order, quantity_e8: int, price_e8: int | None, position_e8: int) -> Reason | None:
        """Return the first limit that an order's new total and price would break, or None."""
        placed = order.placed
        limits = None if placed.user_id is None else self.limits_of(placed.user_id)
        if limits is None or placed.user_id is None:
            return None
        reason = refusal_of_size(limits, quantity_e8, price_e8)
        increase_e8 = quantity_e8 - order.quantity_lots * order.instrument.lot_size_e8
        if reason is not None or increase_e8 <= 0:
            return reason
        return self._refusal_of_position(limits, placed, placed.user_id, increase_e8, position_e8)

    def limits_of(self, user_id: str) -> SetRiskLimits | None:
        """Return a user's own limits, else those of ``*``."""
        return self.limits.get(user_id) or self.limits.get(EVERYBODY)

    def _refusal_of_position(
        self, limits: SetRiskLimits, placed: PlaceOrder, user_id: str, added_e8: int, position_e8: int
    ) -> Reason | None:
        if limits.max_position_e8 is None:
            return None
        open_e8 = self._live.sum_of(user_id, placed.symbol).on(placed.side)
        reached_e8 = added_e8 + open_e8 + (position_e8 if placed.side is Side.BUY else -position_e8)
        return Reason.RISK_MAX_POSITION if reached_e8 > limits.max_position_e8 else None


def refusal_of_size(limits: SetRiskLimits, quantity_e8: int, price_e8: int | None) -> Reason | None:
    """Return the limit that an order of this size breaks by itself, or None."""
    if limits.max_order_quantity_e8 is not None and quantity_e8 > limits.max_order_quantity_e8:
        return Reason.RISK_MAX_ORDER_QUANTITY
    if limits.max_order_notional_e8 is None or price_e8 is None:
        return None
    is_more = price_e8 * quantity_e8 > limits.max_order_notional_e8 * ONE_E8
    return Reason.RISK_MAX_ORDER_NOTIONAL if is_more else None


def may_wait(placed: PlaceOrder) -> bool:
    """Whether an order can rest, or wait for its trigger."""
    may_rest = placed.order_type is OrderType.LIMIT and placed.time_in_force not in IMMEDIATE
    return may_rest or placed.order_type in STOP_TYPES
