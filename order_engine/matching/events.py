"""Events: what happened. They are facts and never change.

Every event about an order carries the order's state right after it, so a reader needs no memory: the last
``OrderState`` is the order. Amounts are in units of 10^-8 (``_e8``), notionals in 10^-16 (``_e16``). An event
belongs to the command that caused it; sequence and time come with that command.
"""

from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType

from order_engine.matching.commands import Configure, PlaceOrder, SessionState, SetRiskLimits, Side
from order_engine.matching.instrument import Instrument
from order_engine.matching.reason import Reason


class OrderStatus(StrEnum):
    """The states of an order. A stop is PENDING until it triggers. FILLED, CANCELED, EXPIRED, REJECTED are final."""

    PENDING = "PENDING"
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


class OrderState(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An order at one moment.

    ``quantity = filled + remaining + canceled``; nothing remains of a final order. ``filled_notional_e16`` is the sum
    of price times quantity over its trades; divided by the filled quantity it is the average price.
    """

    order_id: str
    placed: PlaceOrder
    sequence: int
    timestamp_ns: int
    price_e8: int | None
    quantity_e8: int
    filled_e8: int
    remaining_e8: int
    filled_notional_e16: int
    status: OrderStatus
    reason: Reason | None
    display_quantity_e8: int | None = None
    stop_price_e8: int | None = None
    trail_amount_e8: int | None = None


class Fact(Struct, frozen=True, gc=False, forbid_unknown_fields=True, tag_field="event"):
    """The base of all events: immutable, and written with its name."""


class OrderAccepted(Fact, frozen=True, tag="accepted"):
    """A new order passed every check. Its trades, if any, follow."""

    order: OrderState


class OrderRejected(Fact, frozen=True, tag="rejected"):
    """A new order was refused; nothing else changed."""

    order: OrderState


class TradeExecuted(Fact, frozen=True, tag="trade"):
    """Two orders traded; the side that is not ``taker_side`` was resting and set the price.

    In an auction there is no taker: the auction set the price.
    """

    trade_id: str
    symbol: str
    price_e8: int
    quantity_e8: int
    taker_side: Side | None
    buy: OrderState
    sell: OrderState

    @property
    def maker(self) -> OrderState | None:
        """The order that was resting; None in an auction."""
        if self.taker_side is None:
            return None
        return self.sell if self.taker_side is Side.BUY else self.buy

    @property
    def taker(self) -> OrderState | None:
        """The order that came in; None in an auction."""
        if self.taker_side is None:
            return None
        return self.buy if self.taker_side is Side.BUY else self.sell


class OrderAmended(Fact, frozen=True, tag="amended"):
    """An order has new terms. The trades they cause, if any, follow."""

    order: OrderState


class AmendRejected(Fact, frozen=True, tag="amend_rejected"):
    """An amend was refused; the order, if there is one, is unchanged. ``user_id`` is its user, who may have no name."""

    order_id: str | None
    symbol: str | None
    reason: Reason
    user_id: str | None = None


class OrderCanceled(Fact, frozen=True, tag="canceled"):
    """The remainder of an order is gone; its fills stand. ``quantity_e8`` is what was canceled."""

    order: OrderState
    quantity_e8: int


class OrderDecremented(Fact, frozen=True, tag="decremented"):
    """An order was reduced by ``quantity_e8``, without a trade, rather than trade with its own user's."""

    order: OrderState
    quantity_e8: int


class OrderTriggered(Fact, frozen=True, tag="triggered"):
    """A stop became an order to be matched. Its trades, if any, follow."""

    order: OrderState


class OrderExpired(Fact, frozen=True, tag="expired"):
    """The time of an order was over; ``quantity_e8`` is what was left of it."""

    order: OrderState
    quantity_e8: int


class CancelRejected(Fact, frozen=True, tag="cancel_rejected"):
    """A cancel was refused: there was nothing to cancel."""

    order_id: str | None
    symbol: str | None
    reason: Reason


class InstrumentListed(Fact, frozen=True, tag="instrument_listed"):
    """An instrument was listed; its session is OPEN."""

    instrument: Instrument


class InstrumentChanged(Fact, frozen=True, tag="instrument_changed"):
    """An instrument has new terms; its session stays in its state."""

    instrument: Instrument
    state: SessionState = SessionState.OPEN


class InstrumentRejected(Fact, frozen=True, tag="instrument_rejected"):
    """A listing or a change was refused."""

    symbol: str
    reason: Reason


class InstrumentSettled(Fact, frozen=True, tag="settled"):
    """All positions in an instrument ended at its settlement price; it stays CLOSED for good."""

    instrument: Instrument

    @property
    def price_e8(self) -> int:
        """The price at which they ended."""
        price_e8 = self.instrument.settlement_price_e8
        assert price_e8 is not UNSET
        return price_e8


class SettleRejected(Fact, frozen=True, tag="settle_rejected"):
    """An instrument was not settled."""

    symbol: str
    reason: Reason


class InstrumentDelisted(Fact, frozen=True, tag="instrument_delisted"):
    """An instrument that never traded is listed no more."""

    symbol: str


class DelistRejected(Fact, frozen=True, tag="delist_rejected"):
    """An instrument was not taken off the list."""

    symbol: str
    reason: Reason


class StateChanged(Fact, frozen=True, tag="state"):
    """An instrument's session entered a state; ``reason`` if no command did it."""

    symbol: str
    state: SessionState
    reason: Reason | None = None


class StateRejected(Fact, frozen=True, tag="state_rejected"):
    """A session did not enter a state."""

    symbol: str
    reason: Reason


class RiskLimitsChanged(Fact, frozen=True, tag="risk_limits"):
    """A user has new limits. A disabled user stays disabled."""

    limits: SetRiskLimits
    is_disabled: bool = False


class UserDisabled(Fact, frozen=True, tag="user_disabled"):
    """No orders of this user, or with ``*`` of anybody, are taken; those that were live are canceled next."""

    user_id: str


class UserEnabled(Fact, frozen=True, tag="user_enabled"):
    """Orders of this user are taken again; if ``is_disabled``, only once everybody is enabled."""

    user_id: str
    is_disabled: bool | UnsetType = UNSET


class Configured(Fact, frozen=True, tag="configured"):
    """Matching uses these settings from now on."""

    settings: Configure


OrderEvent = (
    OrderAccepted | OrderRejected | OrderAmended | OrderCanceled | OrderDecremented | OrderTriggered | OrderExpired
)
Event = (
    OrderEvent
    | TradeExecuted
    | AmendRejected
    | CancelRejected
    | InstrumentListed
    | InstrumentChanged
    | InstrumentRejected
    | InstrumentSettled
    | SettleRejected
    | InstrumentDelisted
    | DelistRejected
    | StateChanged
    | StateRejected
    | RiskLimitsChanged
    | UserDisabled
    | UserEnabled
    | Configured
)
