"""Orders that a command ends together: a mass cancel, the kill switch, the end of a day, a settlement.

A command ends so many of them at most. What is left is ended by ``Continue``, as many at a time; other commands may
come between. Each order is touched once.
"""

from collections import deque
from collections.abc import Iterable

from msgspec import Struct

from order_engine.matching.commands import Side, TimeInForce
from order_engine.matching.live_orders import LiveOrders
from order_engine.matching.order import Order
from order_engine.matching.order_book import OrderBook
from order_engine.matching.outcome import Outcome
from order_engine.matching.reason import Reason


class Ending(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """What the command with the sequence ``begun_by`` ends: of the orders that were live then, those that fit.

    These are a user's, or a symbol's (only the day's if they expire), or with neither user nor symbol everybody's.
    """

    begun_by: int
    reason: Reason
    user_id: str | None = None
    symbol: str | None = None
    side: Side | None = None


class Endings:
    """What was begun and is not done, oldest first: ``left`` by the sequence of the command that began it."""

    __slots__ = ("_books", "_live", "left", "orders_max")

    def __init__(self, live: LiveOrders, books: dict[str, OrderBook], orders_max: int) -> None:
        self._live = live
        self._books = books
        self.left: dict[int, tuple[Ending, deque[Order]]] = {}
        self.orders_max = orders_max

    @property
    def first(self) -> int | None:
        """The sequence of the oldest command that is not done; None if all are."""
        return next(iter(self.left), None)

    def all_left(self) -> list[Ending]:
        """List what is not done."""
        return [ending for ending, _ in self.left.values()]

    def of_day(self, symbol: str) -> int | None:
        """Return the sequence of the command that ends the day's orders of a symbol, if it is not done."""
        return next((ending.begun_by for ending, _ in self.left.values() if _is_of_day(ending, symbol)), None)

    def restore(self, ending: Ending) -> None:
        """Take note of what had been begun when the engine was dumped."""
        self.left[ending.begun_by] = (ending, deque(self._concerned(ending)))

    def begin(self, ending: Ending, outcome: Outcome) -> None:
        """End as many orders as one command may."""
        self.restore(ending)
        self.go_on(ending.begun_by, outcome)

    def go_on(self, begun_by: int, outcome: Outcome) -> None:
        """End as many more."""
        if begun_by not in self.left:
            return
        ending, orders = self.left[begun_by]
        room = self.orders_max
        while orders and (room > 0 or not self._lives(orders[0])):
            order = orders.popleft()
            if self._lives(order):
                room -= 1
                self._end(order, ending, outcome)
        if not orders:
            del self.left[begun_by]

    def finish(self, begun_by: int, outcome: Outcome) -> None:
        """End all that are left."""
        while begun_by in self.left:
            self.go_on(begun_by, outcome)

    def _end(self, order: Order, ending: Ending, outcome: Outcome) -> None:
        book = self._books[order.placed.symbol]
        if ending.reason is Reason.EXPIRED:
            book.expire(order, outcome)
        else:
            book.cancel(order, ending.reason, outcome)

    def _lives(self, order: Order) -> bool:
        return self._live.by_key.get(order.placed.order_id or order.sequence) is order

    def _concerned(self, ending: Ending) -> list[Order]:
        if ending.user_id is not None:
            orders = self._live.of_user(ending.user_id)
        elif ending.symbol is not None:
            orders = _orders_of(self._books.get(ending.symbol), ending)
        else:
            orders = self._live.of_everybody()
        return [order for order in orders if order.sequence < ending.begun_by and _fits(order, ending)]


def _fits(order: Order, ending: Ending) -> bool:
    placed = order.placed
    return ending.symbol in (None, placed.symbol) and ending.side in (None, placed.side)


def _is_of_day(ending: Ending, symbol: str) -> bool:
    return ending.reason is Reason.EXPIRED and ending.symbol == symbol


def _orders_of(book: OrderBook | None, ending: Ending) -> list[Order]:
    if book is None:
        # An instrument is delisted only once it has no orders.
        return []
    resting: Iterable[Order] = (
        order for side in (book.bids, book.asks) for level in side.levels.values() for order in level
    )
    orders: list[Order] = [*resting, *book.stops.orders.values()]
    if ending.reason is Reason.EXPIRED:
        orders = [order for order in orders if order.placed.time_in_force is TimeInForce.DAY]
    return sorted(orders, key=lambda order: order.sequence)
