"""A live order: the terms that it was placed with, and its state, in ticks and lots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from order_engine.matching.commands import OrderType, PlaceOrder, Side, TimeInForce
from order_engine.matching.events import OrderState, OrderStatus
from order_engine.matching.instrument import Instrument
from order_engine.matching.reason import Reason
from order_engine.matching.stop_terms import StopTerms

# Members by a name of their own: as an attribute of its enumeration each costs several times as much.
_LIMIT = OrderType.LIMIT
_MARKET = OrderType.MARKET
_PENDING = OrderStatus.PENDING
_OPEN = OrderStatus.OPEN
_PARTIALLY_FILLED = OrderStatus.PARTIALLY_FILLED
_FILLED = OrderStatus.FILLED

if TYPE_CHECKING:
    from order_engine.matching.price_level import PriceLevel

STOP_TYPES = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)

_ON_THE_BOOK = (_OPEN, _PARTIALLY_FILLED)
_LIVE = (*_ON_THE_BOOK, _PENDING)


class Order:
    """An order that was accepted and is not final yet.

    ``filled_notional`` is in ticks times lots. Of the ``remaining_lots`` an iceberg hides ``hidden_lots``; it shows at
    most ``display_lots`` at a time. ``stop`` is what triggers a stop; None once it has triggered. ``level``,
    ``previous`` and ``next`` belong to the queue it rests in, ``older`` and ``newer`` link its user's live orders: the
    queue and the index set them, since many orders never get there.
    """

    __slots__ = (
        "display_lots",
        "filled_lots",
        "filled_notional",
        "hidden_lots",
        "instrument",
        "level",
        "newer",
        "next",
        "older",
        "placed",
        "previous",
        "price_ticks",
        "quantity_lots",
        "remaining_lots",
        "sequence",
        "side",
        "status",
        "stop",
        "timestamp_ns",
    )

    level: PriceLevel | None
    previous: Order | None
    next: Order | None
    older: Order | None
    newer: Order | None

    def __init__(self, placed: PlaceOrder, instrument: Instrument, sequence: int, timestamp_ns: int) -> None:
        price_e8, display_e8 = placed.price_e8, placed.display_quantity_e8
        lot_e8 = instrument.lot_size_e8
        self.placed = placed
        self.instrument = instrument
        self.sequence = sequence
        self.timestamp_ns = timestamp_ns
        self.side: Side = placed.side
        self.price_ticks = None if price_e8 is None else price_e8 // instrument.tick_size_e8
        # Divided by 1 it would be an equal number, but another object.
        self.quantity_lots = self.remaining_lots = placed.quantity_e8 if lot_e8 == 1 else placed.quantity_e8 // lot_e8
        self.filled_lots = 0
        self.filled_notional = 0
        self.display_lots = None if display_e8 is None else display_e8 // lot_e8
        self.hidden_lots = 0
        order_type = placed.order_type
        self.stop: StopTerms | None = None
        if order_type is _LIMIT or order_type is _MARKET:
            self.status = _OPEN
        else:
            self.status = _PENDING
            self.stop = StopTerms(placed.stop_price_e8, placed.trail_amount_e8)

    @property
    def order_id(self) -> str:
        """Its name: the one that its caller gave it, or else its sequence."""
        return self.placed.order_id or str(self.sequence)

    @property
    def is_pending(self) -> bool:
        """Whether this is a stop that waits for its trigger."""
        return self.status is _PENDING

    @property
    def stop_price_e8(self) -> int | None:
        """The price at which a stop triggers; None if it has none yet, or if this is no stop."""
        return None if self.stop is None else self.stop.price_e8(self.side)

    @property
    def trail_amount_e8(self) -> int | None:
        """How far behind the best price a trailing stop stays; None if this is no trailing stop."""
        return None if self.stop is None else self.stop.trail_amount_e8

    @property
    def shown_lots(self) -> int:
        """What the book shows of a resting order."""
        return self.remaining_lots - self.hidden_lots

    def fill(self, lots: int, price_ticks: int) -> None:
        """Trade ``lots`` of the remainder."""
        remaining_lots = self.remaining_lots
        assert 0 < lots <= remaining_lots
        remaining_lots -= lots
        assert self.status in _ON_THE_BOOK, f"{self.order_id}: a fill while {self.status}"
        self.filled_lots += lots
        self.remaining_lots = remaining_lots
        self.filled_notional += lots * price_ticks
        self.status = _PARTIALLY_FILLED if remaining_lots else _FILLED

    def end(self, status: OrderStatus) -> int:
        """End with a final status; return the lots that remained."""
        canceled_lots, self.remaining_lots, self.hidden_lots = self.remaining_lots, 0, 0
        assert self.status in _LIVE, f"{self.order_id}: {self.status} -> {status}"
        self.status = status
        return canceled_lots

    def trigger(self) -> None:
        """Trigger: become a LIMIT or MARKET order."""
        assert self.status is _PENDING, f"{self.order_id}: a trigger while {self.status}"
        self.status = _OPEN
        self.stop = None

    def decrement(self, lots: int) -> None:
        """Reduce total and remainder by the same, hidden lots first; a negative number adds to them."""
        self.quantity_lots -= lots
        self.remaining_lots -= lots
        assert self.remaining_lots >= 0
        if self.hidden_lots:
            self.hidden_lots = max(0, self.hidden_lots - max(0, lots))

    def show_slice(self) -> None:
        """Show as much as an iceberg may of what remains, and hide the rest."""
        if self.display_lots is not None:
            self.hidden_lots = max(0, self.remaining_lots - self.display_lots)

    def state(self, reason: Reason | None = None) -> OrderState:
        """Return the state that events carry."""
        placed, sequence, stop = self.placed, self.sequence, self.stop
        tick, lot = self.instrument.tick_size_e8, self.instrument.lot_size_e8
        filled_lots = self.filled_lots
        return OrderState(
            placed.order_id or str(sequence),
            placed,
            sequence,
            self.timestamp_ns,
            None if self.price_ticks is None else self.price_ticks * tick,
            self.quantity_lots * lot,
            filled_lots * lot,
            self.remaining_lots * lot,
            # A product of large numbers, and 0 for most orders.
            self.filled_notional * tick * lot if filled_lots else 0,
            self.status,
            reason,
            None if self.display_lots is None else self.display_lots * lot,
            None if stop is None else stop.price_e8(self.side),
            None if stop is None else stop.trail_amount_e8,
        )


def as_placed(
    placed: PlaceOrder, sequence: int, timestamp_ns: int, status: OrderStatus, reason: Reason | None = None
) -> OrderState:
    """Return the state of an order right after its checks: open, with all of it remaining, or refused."""
    quantity_e8 = placed.quantity_e8
    return OrderState(
        placed.order_id or str(sequence),
        placed,
        sequence,
        timestamp_ns,
        placed.price_e8,
        quantity_e8,
        0,
        quantity_e8 if reason is None else 0,
        0,
        status,
        reason,
        placed.display_quantity_e8,
        placed.stop_price_e8,
        placed.trail_amount_e8,
    )
