"""The orders that are not final yet, found by their id, by their client's id, or by their user."""

from order_engine.matching.commands import AmendOrder, CancelOrder
from order_engine.matching.order import Order


class LiveOrders:
    """An index; the books own the queues."""

    __slots__ = ("by_client_id", "by_id", "by_user")

    def __init__(self) -> None:
        self.by_id: dict[str, Order] = {}
        self.by_client_id: dict[tuple[str, str], Order] = {}
        self.by_user: dict[str, dict[str, Order]] = {}

    def add(self, order: Order) -> None:
        """Enter an order that begins to rest."""
        placed = order.placed
        self.by_id[order.order_id] = order
        if placed.user_id is not None:
            orders = self.by_user.get(placed.user_id)
            if orders is None:
                orders = self.by_user[placed.user_id] = {}
            orders[order.order_id] = order
            if placed.client_order_id is not None:
                self.by_client_id[placed.user_id, placed.client_order_id] = order

    def remove(self, order: Order) -> None:
        """Forget an order that became final."""
        placed = order.placed
        del self.by_id[order.order_id]
        if placed.user_id is not None:
            orders = self.by_user[placed.user_id]
            del orders[order.order_id]
            if not orders:
                del self.by_user[placed.user_id]
            if placed.client_order_id is not None:
                del self.by_client_id[placed.user_id, placed.client_order_id]

    def named_by(self, command: AmendOrder | CancelOrder) -> Order | None:
        """Find the live order that a command means; None if there is none, or if it is in another symbol than named."""
        if command.order_id is not None:
            order = self.by_id.get(command.order_id)
        elif command.user_id is not None and command.client_order_id is not None:
            order = self.by_client_id.get((command.user_id, command.client_order_id))
        else:
            order = None
        if order is not None and command.symbol is not None and command.symbol != order.placed.symbol:
            return None
        return order

    def of_user(self, user_id: str) -> list[Order]:
        """List a user's live orders, in order of sequence."""
        return sorted(self.by_user.get(user_id, {}).values(), key=lambda order: order.sequence)
