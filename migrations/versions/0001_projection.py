"""Make the tables of the projection, and the place for copies of snapshots."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# What the models called these on the day of this migration; it does not change with them.
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WIDE = sa.Text().with_variant(sa.Numeric(), "postgresql")
LIVE = sa.text("status IN ('OPEN', 'PARTIALLY_FILLED')")
NAMED = sa.text("client_order_id IS NOT NULL")


def upgrade() -> None:
    _create_orders()
    _create_trades()
    _create_order_events()
    _create_instruments_and_candles()
    _create_snapshots_and_checkpoint()


def downgrade() -> None:
    for table in (
        "projection_checkpoint",
        "book_snapshots",
        "candles",
        "instruments",
        "order_events",
        "trades",
        "orders",
    ):
        op.drop_table(table)


def _integer(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable, autoincrement=False)


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _wide(name: str) -> sa.Column[str]:
    return sa.Column(name, WIDE, nullable=False)


def _partial_index(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "orders", columns, sqlite_where=where, postgresql_where=where)


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("sequence", SEQUENCE, primary_key=True, autoincrement=False),
        _text("order_id"),
        _text("user_id", nullable=True),
        _text("client_order_id", nullable=True),
        _text("symbol"),
        _text("side"),
        _text("order_type"),
        _text("time_in_force"),
        sa.Column("post_only", sa.Boolean(), nullable=False),
        _integer("placed_price_e8", nullable=True),
        _integer("placed_quantity_e8"),
        _integer("price_e8", nullable=True),
        _integer("quantity_e8"),
        _integer("filled_e8"),
        _integer("remaining_e8"),
        _wide("filled_notional_e16"),
        _text("status"),
        _text("reason", nullable=True),
        _integer("created_ns"),
        _integer("updated_ns"),
        _integer("updated_sequence"),
    )
    op.create_index("orders_by_order_id", "orders", ["order_id"])
    op.create_index("orders_by_user", "orders", ["user_id", "sequence"])
    op.create_index("orders_by_symbol", "orders", ["symbol", "sequence"])
    op.create_index("orders_by_status", "orders", ["status", "sequence"])
    _partial_index("orders_by_client_order_id", ["client_order_id", "user_id", "sequence"], NAMED)
    _partial_index("live_orders_by_user", ["user_id", "sequence"], LIVE)
    _partial_index("live_orders_by_symbol", ["symbol", "sequence"], LIVE)


def _create_trades() -> None:
    op.create_table(
        "trades",
        _integer("sequence"),
        _integer("number"),
        _text("trade_id"),
        _text("symbol"),
        _integer("price_e8"),
        _integer("quantity_e8"),
        _text("taker_side", nullable=True),
        _text("buy_order_id"),
        _text("sell_order_id"),
        _text("buy_user_id", nullable=True),
        _text("sell_user_id", nullable=True),
        _integer("executed_ns"),
        sa.PrimaryKeyConstraint("sequence", "number"),
        sqlite_with_rowid=False,
    )
    op.create_index("trades_by_symbol", "trades", ["symbol", "sequence", "number"])
    op.create_index("trades_by_buy_order", "trades", ["buy_order_id", "sequence", "number"])
    op.create_index("trades_by_sell_order", "trades", ["sell_order_id", "sequence", "number"])
    op.create_index("trades_by_buy_user", "trades", ["buy_user_id", "sequence", "number"])
    op.create_index("trades_by_sell_user", "trades", ["sell_user_id", "sequence", "number"])
    op.create_index("trades_by_time", "trades", ["executed_ns", "sequence"])


def _create_order_events() -> None:
    op.create_table(
        "order_events",
        _integer("sequence"),
        _integer("number"),
        _text("order_id"),
        _text("event"),
        _text("reason", nullable=True),
        _text("status", nullable=True),
        _integer("price_e8", nullable=True),
        _integer("quantity_e8", nullable=True),
        _integer("filled_e8", nullable=True),
        _integer("remaining_e8", nullable=True),
        _integer("canceled_e8", nullable=True),
        _integer("occurred_ns"),
        sa.PrimaryKeyConstraint("sequence", "number"),
        sqlite_with_rowid=False,
    )
    op.create_index("order_events_by_order", "order_events", ["order_id", "sequence", "number"])


def _create_instruments_and_candles() -> None:
    op.create_table(
        "instruments",
        sa.Column("symbol", sa.Text(), primary_key=True),
        _integer("tick_size_e8"),
        _integer("lot_size_e8"),
        _integer("updated_ns"),
        _integer("updated_sequence"),
    )
    op.create_table(
        "candles",
        _text("symbol"),
        _integer("start_ns"),
        _integer("open_e8"),
        _integer("high_e8"),
        _integer("low_e8"),
        _integer("close_e8"),
        _wide("volume_e8"),
        _wide("notional_e16"),
        _integer("trades"),
        sa.PrimaryKeyConstraint("symbol", "start_ns"),
        sqlite_with_rowid=False,
    )


def _create_snapshots_and_checkpoint() -> None:
    op.create_table(
        "book_snapshots",
        _text("journal_id"),
        _integer("sequence"),
        _text("state_hash"),
        _integer("taken_ns"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("journal_id", "sequence"),
    )
    op.create_table(
        "projection_checkpoint",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        _text("journal_id"),
        _integer("sequence"),
        _integer("updated_ns"),
    )
