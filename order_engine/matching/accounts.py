"""What the exchange knows of its users: limits, who is disabled, and positions. See the rulebook, Risk limits."""

from collections import defaultdict

from order_engine.matching.commands import SetRiskLimits, Side
from order_engine.matching.live_orders import LiveOrders
from order_engine.matching.order import Order
from order_engine.matching.reason import Reason

EVERYBODY = "*"
ONE_E8 = 100_000_000


class Accounts:
    """Users without limits of their own have those of ``*``. A position is bought minus sold, per user and symbol."""

    __slots__ = ("_live", "disabled", "limits", "positions_e8")

    def __init__(self, live: LiveOrders) -> None:
        self._live = live
        self.limits: dict[str, SetRiskLimits] = {}
        self.disabled: set[str] = set()
        self.positions_e8: defaultdict[tuple[str, str], int] = defaultdict(int)

    def trade(self, buyer: str | None, seller: str | None, symbol: str, quantity_e8: int) -> None:
        """Count a trade; who has no name has no position."""
        positions_e8 = self.positions_e8
        if buyer is not None:
            positions_e8[buyer, symbol] += quantity_e8
        if seller is not None:
            positions_e8[seller, symbol] -= quantity_e8

    def refusal_of_order(
        self, user_id: str, symbol: str, side: Side, quantity_e8: int, price_e8: int | None, *, may_wait: bool
    ) -> Reason | None:
        """Say which limit a new order would break, in the order in which they are checked; or None."""
        limits = self.limits_of(user_id)
        if limits is None:
            return None
        reason = refusal_of_size(limits, quantity_e8, price_e8)
        if reason is not None:
            return reason
        open_max = limits.max_open_orders
        if may_wait and open_max is not None and len(self._open_orders(user_id, symbol)) >= open_max:
            return Reason.RISK_MAX_OPEN_ORDERS
        return self._refusal_of_position(limits, symbol, user_id, side, quantity_e8)

    def refusal_of_amend(self, order: Order, quantity_e8: int, price_e8: int | None) -> Reason | None:
        """Say which limit an order's new total and price would break; or None."""
        placed = order.placed
        limits = None if placed.user_id is None else self.limits_of(placed.user_id)
        if limits is None or placed.user_id is None:
            return None
        reason = refusal_of_size(limits, quantity_e8, price_e8)
        increase_e8 = quantity_e8 - order.quantity_lots * order.instrument.lot_size_e8
        if reason is not None or increase_e8 <= 0:
            return reason
        return self._refusal_of_position(limits, placed.symbol, placed.user_id, placed.side, increase_e8)

    def limits_of(self, user_id: str) -> SetRiskLimits | None:
        """Find a user's own limits, or else everybody's."""
        return self.limits.get(user_id) or self.limits.get(EVERYBODY)

    def _open_orders(self, user_id: str, symbol: str) -> list[Order]:
        return [order for order in self._live.of_user(user_id) if order.placed.symbol == symbol]

    def _refusal_of_position(
        self, limits: SetRiskLimits, symbol: str, user_id: str, side: Side, added_e8: int
    ) -> Reason | None:
        if limits.max_position_e8 is None:
            return None
        open_e8 = sum(
            order.remaining_lots * order.instrument.lot_size_e8
            for order in self._open_orders(user_id, symbol)
            if order.side is side
        )
        position_e8 = self.positions_e8.get((user_id, symbol), 0)
        reached_e8 = added_e8 + open_e8 + (position_e8 if side is Side.BUY else -position_e8)
        return Reason.RISK_MAX_POSITION if reached_e8 > limits.max_position_e8 else None


def refusal_of_size(limits: SetRiskLimits, quantity_e8: int, price_e8: int | None) -> Reason | None:
    """Say which limit an order of that size breaks by itself, or None."""
    if limits.max_order_quantity_e8 is not None and quantity_e8 > limits.max_order_quantity_e8:
        return Reason.RISK_MAX_ORDER_QUANTITY
    if limits.max_order_notional_e8 is None or price_e8 is None:
        return None
    is_more = price_e8 * quantity_e8 > limits.max_order_notional_e8 * ONE_E8
    return Reason.RISK_MAX_ORDER_NOTIONAL if is_more else None
