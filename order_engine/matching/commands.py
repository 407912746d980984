"""Commands: what someone wants. They may be refused.

Prices and quantities are integers in units of 10^-8 (suffix ``_e8``), so that a command means the same
whatever tick and lot its instrument has. A command carries everything that decides its outcome; its position
in the journal and its time are handed to the engine beside it.

The engine compares members of enumerations by identity. A command that is made with their values, such as
``side="BUY"``, gets the members; a value that none has raises ``ValueError``.
"""

from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import force_setattr


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """How an order is priced."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"


class TimeInForce(StrEnum):
    """How long an order may wait for the other side."""

    GTC = "GTC"
    DAY = "DAY"
    GTD = "GTD"
    IOC = "IOC"
    FOK = "FOK"


class SelfTradePrevention(StrEnum):
    """What happens when an incoming order meets a resting one of the same user."""

    NONE = "NONE"
    CANCEL_NEWEST = "CANCEL_NEWEST"
    CANCEL_OLDEST = "CANCEL_OLDEST"
    CANCEL_BOTH = "CANCEL_BOTH"
    DECREMENT = "DECREMENT"


class SessionState(StrEnum):
    """What an instrument's session lets through."""

    OPEN = "OPEN"
    PRE_OPEN = "PRE_OPEN"
    HALTED = "HALTED"
    CLOSED = "CLOSED"


class Message(
    Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, forbid_unknown_fields=True, tag_field="type"
):
    """What all commands share: immutable, and named with a version wherever they are written down."""


def _take_member(command: Struct, field: str, enumeration: type[StrEnum]) -> None:
    value = getattr(command, field)
    if value is not None and type(value) is not enumeration:
        force_setattr(command, field, enumeration(value))


class PlaceOrder(Message, frozen=True, kw_only=True, tag="place_order/1"):
    """A new order. Without an ``order_id`` of the caller's the order is named by its sequence.

    ``cancel_on_disconnect``: it is to be canceled once the connection on which it was placed is lost.
    """

    symbol: str
    side: Side
    quantity_e8: int
    price_e8: int | None = None
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    display_quantity_e8: int | None = None
    stop_price_e8: int | None = None
    trail_amount_e8: int | None = None
    expire_at_ns: int | None = None
    self_trade_prevention: SelfTradePrevention | None = None
    user_id: str | None = None
    client_order_id: str | None = None
    order_id: str | None = None
    cancel_on_disconnect: bool = False

    def __post_init__(self) -> None:
        """Take members of enumerations for their values."""
        # Looked at here: a call for each field would cost every order more than the check.
        if type(self.side) is not Side:
            _take_member(self, "side", Side)
        if type(self.order_type) is not OrderType:
            _take_member(self, "order_type", OrderType)
        if type(self.time_in_force) is not TimeInForce:
            _take_member(self, "time_in_force", TimeInForce)
        if self.self_trade_prevention is not None:
            _take_member(self, "self_trade_prevention", SelfTradePrevention)


class AmendOrder(Message, frozen=True, kw_only=True, tag="amend_order/1"):
    """New terms for a live order, named by ``order_id``, or by ``user_id`` and ``client_order_id``.

    ``quantity_e8`` is the new total; 0 cancels. A ``symbol``, where given, must be the order's.
    """

    order_id: str | None = None
    user_id: str | None = None
    client_order_id: str | None = None
    symbol: str | None = None
    price_e8: int | None = None
    quantity_e8: int | None = None
    display_quantity_e8: int | None = None
    stop_price_e8: int | None = None
    trail_amount_e8: int | None = None


class CancelOrder(Message, frozen=True, kw_only=True, tag="cancel_order/1"):
    """Remove what is left of a live order, named as in ``AmendOrder``.

    ``on_disconnect``: the connection on which the order was placed was lost.
    """

    order_id: str | None = None
    user_id: str | None = None
    client_order_id: str | None = None
    symbol: str | None = None
    on_disconnect: bool = False


class CancelAll(Message, frozen=True, kw_only=True, tag="cancel_all/1"):
    """Cancel every live order of a user, or only those in one symbol or on one side."""

    user_id: str
    symbol: str | None = None
    side: Side | None = None

    def __post_init__(self) -> None:
        """Take a member of the enumeration for its value."""
        _take_member(self, "side", Side)


class ScheduledState(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A state that a session enters every day, ``second_of_day`` seconds after midnight UTC."""

    second_of_day: int
    state: SessionState

    def __post_init__(self) -> None:
        """Take a member of the enumeration for its value."""
        _take_member(self, "state", SessionState)


class SetInstrument(Message, frozen=True, kw_only=True, tag="set_instrument/1"):
    """List an instrument, or change the named terms of one that is listed. A percentage of 0 means none.

    The terms in ``cleared``, by name, go back to their defaults.
    """

    symbol: str
    tick_size_e8: int | None = None
    lot_size_e8: int | None = None
    price_band_percent_e8: int | None = None
    circuit_breaker_percent_e8: int | None = None
    reference_price_e8: int | None = None
    self_trade_prevention: SelfTradePrevention | None = None
    schedule: tuple[ScheduledState, ...] | None = None
    name: str | None = None
    base: str | None = None
    quote: str | None = None
    min_price_e8: int | None = None
    max_price_e8: int | None = None
    min_quantity_e8: int | None = None
    max_quantity_e8: int | None = None
    min_notional_e8: int | None = None
    cleared: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Take a member of the enumeration for its value."""
        _take_member(self, "self_trade_prevention", SelfTradePrevention)


class SetState(Message, frozen=True, kw_only=True, tag="set_state/1"):
    """Set the state of an instrument's session; a symbol that is not listed is listed first."""

    symbol: str
    state: SessionState

    def __post_init__(self) -> None:
        """Take a member of the enumeration for its value."""
        _take_member(self, "state", SessionState)


class SettleInstrument(Message, frozen=True, kw_only=True, tag="settle_instrument/1"):
    """Cancel all orders of an instrument, end all positions in it at a price, and close it for good."""

    symbol: str
    price_e8: int


class DelistInstrument(Message, frozen=True, kw_only=True, tag="delist_instrument/1"):
    """Take an instrument that never traded and has no orders off the list."""

    symbol: str


class SetRiskLimits(Message, frozen=True, kw_only=True, tag="set_risk_limits/1"):
    """Set a user's limits per symbol, in place of all former ones. Those of ``*`` apply to users without own limits."""

    user_id: str
    max_order_quantity_e8: int | None = None
    max_order_notional_e8: int | None = None
    max_open_orders: int | None = None
    max_position_e8: int | None = None


class DisableUser(Message, frozen=True, kw_only=True, tag="disable_user/1"):
    """Cancel all orders of a user and take no more; of everybody if the user is ``*``."""

    user_id: str


class EnableUser(Message, frozen=True, kw_only=True, tag="enable_user/1"):
    """Take orders of a user again, unless everybody, ``*``, is disabled."""

    user_id: str


class ExpireDue(Message, frozen=True, kw_only=True, tag="expire_due/1"):
    """Expire what is due by the time that comes with this command; every other command does so too."""


class Continue(Message, frozen=True, kw_only=True, tag="continue/1"):
    """Go on with what a record left at its bound.

    That is the stops of the ``symbol`` that have triggered and wait for their turn, or the orders that the command with
    the sequence ``begun_by`` is to end.
    """

    symbol: str | None = None
    begun_by: int | None = None


class Configure(Message, frozen=True, kw_only=True, omit_defaults=False, tag="configure/1"):
    """The settings that matching reads, journaled whole so that a replay never depends on today's environment.

    A field that may be unset is newer than the first journals, which replay without it.
    """

    default_tick_size_e8: int = 1_000_000
    default_lot_size_e8: int = 1
    auto_list: bool = True
    max_instruments: int = 10_000
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.NONE
    trades_max: int | UnsetType = UNSET
    iceberg_slices_max: int | UnsetType = UNSET
    max_live_orders: int | UnsetType = UNSET
    admins_list_beyond_max: bool | UnsetType = UNSET
    endings_max: int | UnsetType = UNSET
    everybody_can_be_disabled: bool | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Take a member of the enumeration for its value."""
        _take_member(self, "self_trade_prevention", SelfTradePrevention)


Command = (
    PlaceOrder
    | AmendOrder
    | CancelOrder
    | CancelAll
    | SetInstrument
    | SetState
    | SettleInstrument
    | DelistInstrument
    | SetRiskLimits
    | DisableUser
    | EnableUser
    | ExpireDue
    | Continue
    | Configure
)
