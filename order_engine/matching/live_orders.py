"""The orders that are not final yet, found by their id, by their client's id, or by their user.

With a million orders every byte here counts. A user's orders are linked through the orders themselves, and a client's
id alone is the key of its order; only ids that several users have given lead to a dictionary by user.
"""

from collections.abc import Iterator

from order_engine.matching.commands import AmendOrder, CancelOrder
from order_engine.matching.open_sums import NOTHING_OPEN, OpenSum, OpenSums
from order_engine.matching.order import Order


class LiveOrders:
    """An index; the books own the queues. ``by_user`` knows each user's newest order, at the head of the links."""

    __slots__ = ("_by_client_id", "by_id", "by_user", "sums", "users_with_sums")

    def __init__(self) -> None:
        self.by_id: dict[str, Order] = {}
        self.by_user: dict[str, Order] = {}
        self._by_client_id: dict[str, Order | dict[str, Order]] = {}
        self.sums = OpenSums()
        self.users_with_sums = self.sums.users

    def add(self, order: Order) -> None:
        """Add an order that begins to rest."""
        self.by_id[order.order_id] = order
        placed = order.placed
        user_id = placed.user_id
        if user_id is None:
            return
        newest = self.by_user.get(user_id)
        if newest is not None:
            order.older = newest
            newest.newer = order
        self.by_user[user_id] = order
        if self.users_with_sums:
            self.sums.add(order)
        if placed.client_order_id is not None:
            self._add_client_id(placed.client_order_id, user_id, order)

    def remove(self, order: Order) -> None:
        """Remove an order that became final."""
        del self.by_id[order.order_id]
        placed = order.placed
        user_id = placed.user_id
        if user_id is None:
            return
        if self.users_with_sums:
            self.sums.remove(order)
        older, newer = order.older, order.newer
        if older is not None:
            older.newer = newer
            order.older = None
        if newer is not None:
            newer.older = older
            order.newer = None
        elif older is not None:
            self.by_user[user_id] = older
        else:
            del self.by_user[user_id]
        if placed.client_order_id is not None:
            self._remove_client_id(placed.client_order_id, user_id)

    def with_client_id(self, user_id: str | None, client_order_id: str) -> Order | None:
        """Return a user's live order with this client order id."""
        found = self._by_client_id.get(client_order_id)
        if isinstance(found, dict):
            return None if user_id is None else found.get(user_id)
        return found if found is not None and found.placed.user_id == user_id else None

    def named_by(self, command: AmendOrder | CancelOrder) -> Order | None:
        """Find the live order that a command means; None if there is none, or if it is in another symbol than named."""
        if command.order_id is not None:
            order = self.by_id.get(command.order_id)
        elif command.user_id is not None and command.client_order_id is not None:
            order = self.with_client_id(command.user_id, command.client_order_id)
        else:
            order = None
        if order is not None and command.symbol is not None and command.symbol != order.placed.symbol:
            return None
        return order

    def sum_of(self, user_id: str, symbol: str) -> OpenSum:
        """Return the sums of a user's live orders in a symbol."""
        if user_id not in self.sums.users:
            if user_id not in self.by_user:
                # Nothing is kept for users without orders: there may be any number of them.
                return NOTHING_OPEN
            self.sums.keep(user_id, self.newest_first(user_id))
        return self.sums.of(user_id, symbol)

    def has_orders_of(self, user_id: str | None) -> bool:
        """Whether any live order is a user's."""
        return user_id in self.by_user

    def newest_first(self, user_id: str) -> Iterator[Order]:
        """Iterate over a user's live orders; none may come or go meanwhile."""
        order = self.by_user.get(user_id)
        while order is not None:
            yield order
            order = order.older

    def of_user(self, user_id: str) -> list[Order]:
        """List a user's live orders, in order of sequence."""
        return sorted(self.newest_first(user_id), key=lambda order: order.sequence)

    def _add_client_id(self, client_order_id: str, user_id: str, order: Order) -> None:
        found = self._by_client_id.get(client_order_id)
        if found is None:
            self._by_client_id[client_order_id] = order
        elif isinstance(found, dict):
            found[user_id] = order
        else:
            assert found.placed.user_id is not None
            self._by_client_id[client_order_id] = {found.placed.user_id: found, user_id: order}

    def _remove_client_id(self, client_order_id: str, user_id: str) -> None:
        found = self._by_client_id[client_order_id]
        if isinstance(found, dict) and len(found) > 1:
            del found[user_id]
        else:
            del self._by_client_id[client_order_id]
