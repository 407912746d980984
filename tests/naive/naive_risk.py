"""Naive risk limits: for each symbol by itself, in the rulebook's order."""

from order_engine.matching.commands import SetRiskLimits
from order_engine.matching.reason import Reason
from tests.naive.naive_book import NaiveReport
from tests.naive.naive_order import NaiveOrder


class NaiveRisk:
    """Users' limits; a user without own limits has those of ``*``."""

    def __init__(self, report: NaiveReport) -> None:
        self.limits: dict[str, SetRiskLimits] = {}
        self._report = report

    def why_not_placed(self, order: NaiveOrder, live: list[NaiveOrder], may_stay: bool) -> Reason | None:
        """Find the first limit that a new order breaks."""
        limits = self._limits_of(order)
        if limits is None:
            return None
        reason = _why_too_large(limits, order.quantity_e8, order.price_e8)
        if reason is not None:
            return reason
        theirs = _of_same_user(order, live)
        if may_stay and limits.max_open_orders is not None and len(theirs) + 1 > limits.max_open_orders:
            return Reason.RISK_MAX_OPEN_ORDERS
        return self._why_too_far(limits, order, order.quantity_e8, theirs)

    def why_not_amended(
        self, order: NaiveOrder, price_e8: int | None, quantity_e8: int, live: list[NaiveOrder]
    ) -> Reason | None:
        """Find the first limit that new terms break."""
        limits = self._limits_of(order)
        if limits is None:
            return None
        reason = _why_too_large(limits, quantity_e8, price_e8)
        if reason is None and quantity_e8 > order.quantity_e8:
            return self._why_too_far(limits, order, quantity_e8 - order.quantity_e8, _of_same_user(order, live))
        return reason

    def _limits_of(self, order: NaiveOrder) -> SetRiskLimits | None:
        if order.placed.user_id is None:
            return None
        return self.limits.get(order.placed.user_id, self.limits.get("*"))

    def _why_too_far(
        self, limits: SetRiskLimits, order: NaiveOrder, more_e8: int, theirs: list[NaiveOrder]
    ) -> Reason | None:
        assert order.placed.user_id is not None
        if limits.max_position_e8 is None:
            return None
        position_e8 = self._report.positions_e8.get((order.placed.user_id, order.placed.symbol), 0)
        if not order.buys:
            position_e8 = -position_e8
        for other in theirs:
            if other.buys == order.buys:
                position_e8 += other.remaining_e8
        if position_e8 + more_e8 == limits.max_position_e8:
            self._report.meet("position just within its limit")
        return Reason.RISK_MAX_POSITION if position_e8 + more_e8 > limits.max_position_e8 else None


def _of_same_user(order: NaiveOrder, live: list[NaiveOrder]) -> list[NaiveOrder]:
    whose = (order.placed.user_id, order.placed.symbol)
    return [other for other in live if (other.placed.user_id, other.placed.symbol) == whose]


def _why_too_large(limits: SetRiskLimits, quantity_e8: int, price_e8: int | None) -> Reason | None:
    if limits.max_order_quantity_e8 is not None and quantity_e8 > limits.max_order_quantity_e8:
        return Reason.RISK_MAX_ORDER_QUANTITY
    if limits.max_order_notional_e8 is not None and price_e8 is not None:
        notional_e16, most_e16 = price_e8 * quantity_e8, limits.max_order_notional_e8 * 10**8
        if notional_e16 > most_e16:
            return Reason.RISK_MAX_ORDER_NOTIONAL
    return None
