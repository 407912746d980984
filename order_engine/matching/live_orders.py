"""The orders that are not final yet, found by their id, by their client's id, or by their user.

With a million orders every byte here counts. An order that its caller gave no id is found by its sequence, which needs
no text of its own. A user's orders are linked through the orders themselves, and a client's id alone is the key of its
order; only ids that several users have given lead to a dictionary by user.
"""

from collections.abc import Iterator

from order_engine.matching.commands import AmendOrder, CancelOrder, PlaceOrder
from order_engine.matching.open_sums import NOTHING_OPEN, OpenSum, OpenSums
from order_engine.matching.order import Order

OrderKey = str | int
"""The id that the caller gave an order, or else its sequence."""
SEQUENCE_DIGITS_MAX = 20


class LiveOrders:
    """An index; the books own the queues. ``by_user`` knows each user's newest order, at the head of the links."""

    __slots__ = ("_by_client_id", "_has_given_ids", "by_key", "by_user", "has_unnamed", "sums", "users_with_sums")

    def __init__(self) -> None:
        self.by_key: dict[OrderKey, Order] = {}
        self._has_given_ids = False
        self.has_unnamed = False
        self.by_user: dict[str, Order] = {}
        self._by_client_id: dict[str, Order | dict[str, Order]] = {}
        self.sums = OpenSums()
        self.users_with_sums = self.sums.users

    def add(self, order: Order) -> None:
        """Add an order that begins to rest."""
        placed = order.placed
        if placed.order_id:
            self.by_key[placed.order_id] = order
            self._has_given_ids = True
        else:
            self.by_key[order.sequence] = order
            self.has_unnamed = True
        user_id = placed.user_id
        if user_id is None:
            return
        newest = self.by_user.get(user_id)
        order.older = newest
        order.newer = None
        if newest is not None:
            newest.newer = order
        self.by_user[user_id] = order
        if self.users_with_sums:
            self.sums.add(order)
        if placed.client_order_id is not None:
            self._add_client_id(placed.client_order_id, user_id, order)

    def remove(self, order: Order) -> None:
        """Remove an order that became final."""
        placed = order.placed
        del self.by_key[placed.order_id or order.sequence]
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

    def find(self, order_id: str) -> Order | None:
        """Return the live order with this id."""
        order = self.by_key.get(order_id)
        if order is None and _is_sequence(order_id):
            order = self.by_key.get(int(order_id))
        return order

    def has_id_of(self, placed: PlaceOrder, sequence: int) -> bool:
        """Whether a live order already has the id that this new one would get."""
        if placed.order_id:
            return self.find(placed.order_id) is not None
        # A caller may have named an order "7" before the seventh command came without a name.
        return self._has_given_ids and str(sequence) in self.by_key

    def with_client_id(self, user_id: str | None, client_order_id: str) -> Order | None:
        """Return a user's live order with this client order id."""
        found = self._by_client_id.get(client_order_id)
        if isinstance(found, dict):
            return None if user_id is None else found.get(user_id)
        return found if found is not None and found.placed.user_id == user_id else None

    def named_by(self, command: AmendOrder | CancelOrder) -> Order | None:
        """Find the live order that a command means; None if there is none, or if it is in another symbol than named."""
        if command.order_id is not None:
            # Without a call where that is enough: every amend and cancel comes by here.
            order = self.by_key.get(command.order_id)
            if order is None and self.has_unnamed:
                order = self.find(command.order_id)
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

    def of_everybody(self) -> list[Order]:
        """List all live orders, in order of sequence."""
        return sorted(self.by_key.values(), key=lambda order: order.sequence)

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


def _is_sequence(order_id: str) -> bool:
    """Whether an id is a sequence as ``str`` writes it."""
    return order_id.isdecimal() and order_id.isascii() and order_id[0] != "0" and len(order_id) <= SEQUENCE_DIGITS_MAX
