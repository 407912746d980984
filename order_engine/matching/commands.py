"""Commands: what someone wants. They may be refused.

Prices and quantities are integers in units of 10^-8 (suffix ``_e8``), so that a command means the same
whatever tick and lot its instrument has. A command carries everything that decides its outcome; its position
in the journal and its time are handed to the engine beside it.
"""

from enum import StrEnum

from msgspec import Struct


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """How an order is priced."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"


class TimeInForce(StrEnum):
    """How long an order may wait for the other side."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class Message(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="type"):
    """What all commands share: immutable, and named with a version wherever they are written down."""


class PlaceOrder(Message, frozen=True, kw_only=True, tag="place_order/1"):
    """A new order. Without an ``order_id`` of the caller's the order is named by its sequence."""

    symbol: str
    side: Side
    quantity_e8: int
    price_e8: int | None = None
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    user_id: str | None = None
    client_order_id: str | None = None
    order_id: str | None = None


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


class CancelOrder(Message, frozen=True, kw_only=True, tag="cancel_order/1"):
    """Remove what is left of a live order, named as in ``AmendOrder``."""

    order_id: str | None = None
    user_id: str | None = None
    client_order_id: str | None = None
    symbol: str | None = None


class CancelAll(Message, frozen=True, kw_only=True, tag="cancel_all/1"):
    """Cancel every live order of a user, or only those in one symbol or on one side."""

    user_id: str
    symbol: str | None = None
    side: Side | None = None


class SetInstrument(Message, frozen=True, kw_only=True, tag="set_instrument/1"):
    """List an instrument, or change the named terms of one that is listed."""

    symbol: str
    tick_size_e8: int | None = None
    lot_size_e8: int | None = None


class Configure(Message, frozen=True, kw_only=True, omit_defaults=False, tag="configure/1"):
    """The settings that matching reads, journaled whole so that a replay never depends on today's environment."""

    default_tick_size_e8: int = 1_000_000
    default_lot_size_e8: int = 1
    auto_list: bool = True
    max_instruments: int = 10_000


Command = PlaceOrder | AmendOrder | CancelOrder | CancelAll | SetInstrument | Configure
