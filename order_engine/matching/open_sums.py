"""Sums of a user's live orders in a symbol: their number, and the open quantity on each side.

Without limits they cost nothing: a user's sums are made when they are first needed, and kept from then on.
"""

from collections.abc import Iterable

from order_engine.matching.commands import Side
from order_engine.matching.order import Order

# A member by a name of its own: as an attribute of its enumeration it costs several times as much.
_BUY = Side.BUY


class OpenSum:
    """Of one user in one symbol."""

    __slots__ = ("buys_e8", "orders", "sells_e8")

    def __init__(self) -> None:
        self.orders = 0
        self.buys_e8 = 0
        self.sells_e8 = 0

    def on(self, side: Side) -> int:
        """Say what is open on a side."""
        return self.buys_e8 if side is _BUY else self.sells_e8


NOTHING_OPEN = OpenSum()


class OpenSums:
    """By user and symbol; ``users`` are those whose sums are kept."""

    __slots__ = ("_counted_e8", "users")

    def __init__(self) -> None:
        self.users: dict[str, dict[str, OpenSum]] = {}
        # What each order counts for, by its sequence.
        self._counted_e8: dict[int, int] = {}

    def keep(self, user_id: str, live: Iterable[Order]) -> None:
        """Keep the sums of a user, whose live orders are these."""
        if user_id not in self.users:
            self.users[user_id] = {}
            for order in live:
                self.add(order)

    def of(self, user_id: str, symbol: str) -> OpenSum:
        """Look up the sums of a user who is kept."""
        return self.users[user_id].get(symbol, NOTHING_OPEN)

    def add(self, order: Order) -> None:
        """Count an order that has come to live."""
        sums = self._sums_of(order)
        if sums is not None:
            symbol = order.placed.symbol
            found = sums.get(symbol)
            if found is None:
                found = sums[symbol] = OpenSum()
            found.orders += 1
            self._counted_e8[order.sequence] = 0
            self._count(order, found, _remaining_e8(order))

    def note(self, order: Order) -> None:
        """Count what remains of an order now, if it lives."""
        sums = self._sums_of(order)
        if sums is not None and order.sequence in self._counted_e8:
            self._count(order, sums[order.placed.symbol], _remaining_e8(order))

    def remove(self, order: Order) -> None:
        """Count an order no more."""
        sums = self._sums_of(order)
        if sums is not None:
            symbol = order.placed.symbol
            found = sums[symbol]
            self._count(order, found, 0)
            del self._counted_e8[order.sequence]
            found.orders -= 1
            if found.orders == 0:
                del sums[symbol]
                if not sums:
                    del self.users[order.placed.user_id or ""]

    def _sums_of(self, order: Order) -> dict[str, OpenSum] | None:
        user_id = order.placed.user_id
        return None if user_id is None else self.users.get(user_id)

    def _count(self, order: Order, found: OpenSum, remaining_e8: int) -> None:
        change_e8 = remaining_e8 - self._counted_e8[order.sequence]
        self._counted_e8[order.sequence] = remaining_e8
        if order.side is _BUY:
            found.buys_e8 += change_e8
        else:
            found.sells_e8 += change_e8


def _remaining_e8(order: Order) -> int:
    return order.remaining_lots * order.instrument.lot_size_e8
