"""An order as the naive exchange keeps it: amounts in units of 10^-8 throughout, nothing derived is stored twice."""

from dataclasses import dataclass

from order_engine.matching.commands import PlaceOrder, Side
from order_engine.matching.events import OrderState, OrderStatus
from order_engine.matching.reason import Reason


@dataclass(eq=False)
class NaiveOrder:
    """``arrival`` says when it took its present place in the queue."""

    placed: PlaceOrder
    order_id: str
    sequence: int
    timestamp_ns: int
    arrival: int
    price_e8: int | None
    quantity_e8: int
    filled_e8: int = 0
    canceled_e8: int = 0
    notional_e16: int = 0

    @property
    def remaining_e8(self) -> int:
        """What is neither filled nor canceled."""
        return self.quantity_e8 - self.filled_e8 - self.canceled_e8

    @property
    def status(self) -> OrderStatus:
        """The state that the amounts say it is in."""
        if self.canceled_e8:
            return OrderStatus.CANCELED
        if self.filled_e8 == self.quantity_e8:
            return OrderStatus.FILLED
        return OrderStatus.PARTIALLY_FILLED if self.filled_e8 else OrderStatus.OPEN

    @property
    def priority(self) -> tuple[int, int]:
        """Sorts first whoever trades first: the better price, then the earlier arrival."""
        assert self.price_e8 is not None
        return (-self.price_e8 if self.placed.side is Side.BUY else self.price_e8, self.arrival)

    def accepts(self, price_e8: int) -> bool:
        """Whether its own limit lets it trade at a price."""
        if self.price_e8 is None:
            return True
        return price_e8 <= self.price_e8 if self.placed.side is Side.BUY else price_e8 >= self.price_e8

    def state(self, reason: Reason | None = None, status: OrderStatus | None = None) -> OrderState:
        """Show it as an event does."""
        return OrderState(
            order_id=self.order_id,
            placed=self.placed,
            sequence=self.sequence,
            timestamp_ns=self.timestamp_ns,
            price_e8=self.price_e8,
            quantity_e8=self.quantity_e8,
            filled_e8=self.filled_e8,
            remaining_e8=0 if status is OrderStatus.REJECTED else self.remaining_e8,
            filled_notional_e16=self.notional_e16,
            status=status or self.status,
            reason=reason,
        )
