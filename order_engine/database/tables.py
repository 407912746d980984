"""The tables. They are a projection of the journal, and can be rebuilt from it.

Amounts are 64-bit integers in units of 10^-8 (``_e8``), notionals in 10^-16 and wider (``_e16``), times nanoseconds
since 1970 in UTC (``_ns``). ``sequence`` is a command's position in the journal, ``number`` the position of an event
among those of its command, from 0: together they order everything that happened.
"""

from sqlalchemy import BigInteger, Index, Integer, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from order_engine.database.wide_integer import WideInteger

# SQLite keeps a table in the order of its INTEGER primary key: no second tree to write.
_Sequence = BigInteger().with_variant(Integer(), "sqlite")

_NAMED = text("client_order_id IS NOT NULL")


class Base(DeclarativeBase):
    """The root of all models."""

    # A registry and not a type_annotation_map: Flask-SQLAlchemy derives its own base class with this registry.
    registry = registry(type_annotation_map={int: BigInteger(), str: Text()})


class OrderRow(Base):
    """An order as it stands: the terms that it was placed with and its last state.

    The sequence is the key: an ``order_id`` that a caller chose may come again once its order is final.
    """

    __tablename__ = "orders"
    __table_args__ = (
        Index("orders_by_order_id", "order_id"),
        Index("orders_by_user", "user_id", "sequence"),
        Index("orders_by_user_and_symbol", "user_id", "symbol", "sequence"),
        Index("orders_by_symbol", "symbol", "sequence"),
        Index("orders_by_status", "status", "sequence"),
        Index("orders_by_user_and_status", "user_id", "status", "sequence"),
        Index("orders_by_symbol_and_status", "symbol", "status", "sequence"),
        Index(
            "orders_by_client_order_id",
            "client_order_id",
            "user_id",
            "sequence",
            sqlite_where=_NAMED,
            postgresql_where=_NAMED,
        ),
    )

    sequence: Mapped[int] = mapped_column(_Sequence, primary_key=True, autoincrement=False)
    order_id: Mapped[str]
    user_id: Mapped[str | None]
    client_order_id: Mapped[str | None]
    symbol: Mapped[str]
    side: Mapped[str]
    order_type: Mapped[str]
    time_in_force: Mapped[str]
    post_only: Mapped[bool]
    placed_price_e8: Mapped[int | None]
    placed_quantity_e8: Mapped[int]
    placed_display_quantity_e8: Mapped[int | None]
    placed_stop_price_e8: Mapped[int | None]
    placed_trail_amount_e8: Mapped[int | None]
    expire_at_ns: Mapped[int | None]
    self_trade_prevention: Mapped[str | None]
    price_e8: Mapped[int | None]
    display_quantity_e8: Mapped[int | None]
    stop_price_e8: Mapped[int | None]
    trail_amount_e8: Mapped[int | None]
    quantity_e8: Mapped[int]
    filled_e8: Mapped[int]
    remaining_e8: Mapped[int]
    filled_notional_e16: Mapped[int] = mapped_column(WideInteger())
    status: Mapped[str]
    reason: Mapped[str | None]
    created_ns: Mapped[int]
    updated_ns: Mapped[int]
    updated_sequence: Mapped[int]


class TradeRow(Base):
    """A trade. ``taker_side`` may be absent: in an auction nobody takes."""

    __tablename__ = "trades"
    __table_args__ = (
        Index("trades_by_symbol", "symbol", "sequence", "number"),
        Index("trades_by_buy_order", "buy_order_id", "sequence", "number"),
        Index("trades_by_sell_order", "sell_order_id", "sequence", "number"),
        Index("trades_by_buy_user", "buy_user_id", "sequence", "number"),
        Index("trades_by_sell_user", "sell_user_id", "sequence", "number"),
        Index("trades_by_buy_user_and_symbol", "buy_user_id", "symbol", "sequence", "number"),
        Index("trades_by_sell_user_and_symbol", "sell_user_id", "symbol", "sequence", "number"),
        {"sqlite_with_rowid": False},
    )

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    trade_id: Mapped[str]
    symbol: Mapped[str]
    price_e8: Mapped[int]
    quantity_e8: Mapped[int]
    taker_side: Mapped[str | None]
    buy_order_id: Mapped[str]
    sell_order_id: Mapped[str]
    buy_user_id: Mapped[str | None]
    sell_user_id: Mapped[str | None]
    executed_ns: Mapped[int]


class OrderEventRow(Base):
    """What happened to an order besides its trades, with its terms and state right after; a refusal has none."""

    __tablename__ = "order_events"
    __table_args__ = (
        Index("order_events_by_order", "order_id", "sequence", "number"),
        {"sqlite_with_rowid": False},
    )

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    order_id: Mapped[str]
    event: Mapped[str]
    reason: Mapped[str | None]
    status: Mapped[str | None]
    price_e8: Mapped[int | None]
    quantity_e8: Mapped[int | None]
    filled_e8: Mapped[int | None]
    remaining_e8: Mapped[int | None]
    canceled_e8: Mapped[int | None]
    decremented_e8: Mapped[int | None]
    display_quantity_e8: Mapped[int | None]
    stop_price_e8: Mapped[int | None]
    trail_amount_e8: Mapped[int | None]
    occurred_ns: Mapped[int]
    actor: Mapped[str | None]


class InstrumentRow(Base):
    """An instrument's present terms, its session state, and since when. A percentage of 0 means none."""

    __tablename__ = "instruments"

    symbol: Mapped[str] = mapped_column(primary_key=True)
    tick_size_e8: Mapped[int]
    lot_size_e8: Mapped[int]
    price_band_percent_e8: Mapped[int]
    circuit_breaker_percent_e8: Mapped[int]
    reference_price_e8: Mapped[int | None]
    self_trade_prevention: Mapped[str | None]
    schedule: Mapped[str | None]
    name: Mapped[str | None]
    base: Mapped[str | None]
    quote: Mapped[str | None]
    min_price_e8: Mapped[int | None]
    max_price_e8: Mapped[int | None]
    min_quantity_e8: Mapped[int | None]
    max_quantity_e8: Mapped[int | None]
    min_notional_e8: Mapped[int | None]
    settlement_price_e8: Mapped[int | None]
    updated_ns: Mapped[int]
    updated_sequence: Mapped[int]
    state: Mapped[str]
    state_since_ns: Mapped[int]


class PositionRow(Base):
    """A user's position in a symbol, its cost, and the realized profit; a short position is negative."""

    __tablename__ = "positions"
    __table_args__ = ({"sqlite_with_rowid": False},)

    user_id: Mapped[str] = mapped_column(primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    net_quantity_e8: Mapped[int] = mapped_column(WideInteger())
    average_price_e8: Mapped[int | None]
    total_cost_e16: Mapped[int] = mapped_column(WideInteger())
    realized_pnl_e16: Mapped[int] = mapped_column(WideInteger())
    updated_ns: Mapped[int]
    updated_sequence: Mapped[int]


class CandleRow(Base):
    """The trades of one symbol in a second, minute, hour or day, in exact totals."""

    __tablename__ = "candles"
    __table_args__ = ({"sqlite_with_rowid": False},)

    symbol: Mapped[str] = mapped_column(primary_key=True)
    seconds: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    start_ns: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    open_e8: Mapped[int]
    high_e8: Mapped[int]
    low_e8: Mapped[int]
    close_e8: Mapped[int]
    volume_e8: Mapped[int] = mapped_column(WideInteger())
    notional_e16: Mapped[int] = mapped_column(WideInteger())
    trades: Mapped[int]


class CheckpointRow(Base):
    """One row: the journal that was projected, and up to which sequence."""

    __tablename__ = "projection_checkpoint"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    journal_id: Mapped[str]
    sequence: Mapped[int]
    updated_ns: Mapped[int]
