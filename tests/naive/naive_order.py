"""A naive order: all amounts are in units of 10^-8, and nothing derived is stored."""

from dataclasses import dataclass

from order_engine.matching.commands import OrderType, PlaceOrder, Side
from order_engine.matching.events import OrderState, OrderStatus
from order_engine.matching.reason import Reason

STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)


@dataclass(eq=False)
class NaiveOrder:
    """``arrival`` is when it took its place in the queue, ``shown_e8`` what it shows while it rests."""

    placed: PlaceOrder
    order_id: str
    sequence: int
    timestamp_ns: int
    price_e8: int | None
    quantity_e8: int
    display_e8: int | None
    stop_e8: int | None
    trail_e8: int | None
    status: OrderStatus
    arrival: int = 0
    shown_e8: int = 0
    best_e8: int | None = None
    filled_e8: int = 0
    canceled_e8: int = 0
    notional_e16: int = 0

    @property
    def remaining_e8(self) -> int:
        """What is neither filled nor canceled."""
        return self.quantity_e8 - self.filled_e8 - self.canceled_e8

    @property
    def hidden_e8(self) -> int:
        """What remains and does not show, while it rests."""
        return self.remaining_e8 - self.shown_e8

    @property
    def buys(self) -> bool:
        """Whether it is a BUY order."""
        return self.placed.side is Side.BUY

    @property
    def waits(self) -> bool:
        """Whether it is a stop that has not triggered."""
        return self.status is OrderStatus.PENDING

    @property
    def priority(self) -> tuple[int, int]:
        """The sort key: the better price, then the earlier arrival."""
        assert self.price_e8 is not None
        return (-self.price_e8 if self.buys else self.price_e8, self.arrival)

    def accepts(self, price_e8: int) -> bool:
        """Whether its own limit lets it trade at a price."""
        if self.price_e8 is None:
            return True
        return price_e8 <= self.price_e8 if self.buys else price_e8 >= self.price_e8

    def show_new_slice(self) -> None:
        """Show all, or as much as an iceberg does."""
        self.shown_e8 = self.remaining_e8 if self.display_e8 is None else min(self.display_e8, self.remaining_e8)

    def reduce(self, quantity_e8: int) -> None:
        """Reduce it by a quantity, the hidden part first."""
        from_hidden_e8 = min(self.hidden_e8, quantity_e8)
        self.quantity_e8 -= quantity_e8
        self.shown_e8 -= quantity_e8 - from_hidden_e8

    def trade(self, quantity_e8: int, price_e8: int) -> None:
        """Count a trade."""
        self.filled_e8 += quantity_e8
        self.notional_e16 += quantity_e8 * price_e8
        self.status = OrderStatus.PARTIALLY_FILLED if self.remaining_e8 else OrderStatus.FILLED

    def follow(self, last_price_e8: int | None) -> None:
        """Move a trailing stop after a better last price."""
        if self.trail_e8 is None:
            return
        if last_price_e8 is not None:
            seen = [last_price_e8] if self.best_e8 is None else [last_price_e8, self.best_e8]
            self.best_e8 = min(seen) if self.buys else max(seen)
        if self.best_e8 is not None:
            self.stop_e8 = self.best_e8 + self.trail_e8 if self.buys else self.best_e8 - self.trail_e8

    def triggers_at(self, last_price_e8: int) -> bool:
        """Whether its stop price is reached."""
        if self.stop_e8 is None:
            return False
        return last_price_e8 >= self.stop_e8 if self.buys else last_price_e8 <= self.stop_e8

    def state(self, reason: Reason | None = None) -> OrderState:
        """Return its state as events carry it."""
        return OrderState(
            order_id=self.order_id,
            placed=self.placed,
            sequence=self.sequence,
            timestamp_ns=self.timestamp_ns,
            price_e8=self.price_e8,
            quantity_e8=self.quantity_e8,
            filled_e8=self.filled_e8,
            remaining_e8=0 if self.status is OrderStatus.REJECTED else self.remaining_e8,
            filled_notional_e16=self.notional_e16,
            status=self.status,
            reason=reason,
            display_quantity_e8=self.display_e8,
            stop_price_e8=self.stop_e8,
            trail_amount_e8=self.trail_e8,
        )
