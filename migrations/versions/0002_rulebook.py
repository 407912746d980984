"""Make room for the whole rulebook: all terms of orders and instruments, session states, positions, more candles.

Positions and candles are computed from the trades that are there, as the projection goes on to do.
"""

import sqlalchemy as sa
from alembic import op

from order_engine.database.wide_integer import WideInteger
from order_engine.market_data.candles import Candle, CandleSheet
from order_engine.market_data.positions import Position

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WIDE = sa.Text().with_variant(sa.Numeric(), "postgresql")
LIVE = sa.text("status IN ('PENDING', 'OPEN', 'PARTIALLY_FILLED')")
LIVE_BEFORE = sa.text("status IN ('OPEN', 'PARTIALLY_FILLED')")
LIVE_INDEXES = (("live_orders_by_user", ["user_id", "sequence"]), ("live_orders_by_symbol", ["symbol", "sequence"]))

ORDER_COLUMNS = (
    *("placed_display_quantity_e8", "placed_stop_price_e8", "placed_trail_amount_e8", "expire_at_ns"),
    *("display_quantity_e8", "stop_price_e8", "trail_amount_e8"),
)
EVENT_COLUMNS = ("decremented_e8", "display_quantity_e8", "stop_price_e8", "trail_amount_e8")
INSTRUMENT_COLUMNS = (
    *("price_band_percent_e8", "circuit_breaker_percent_e8", "reference_price_e8", "self_trade_prevention"),
    *("schedule", "state", "state_since_ns"),
)
CANDLE_TOTALS = (
    sa.column("open_e8", sa.BigInteger),
    sa.column("high_e8", sa.BigInteger),
    sa.column("low_e8", sa.BigInteger),
    sa.column("close_e8", sa.BigInteger),
    sa.column("volume_e8", WideInteger),
    sa.column("notional_e16", WideInteger),
    sa.column("trades", sa.BigInteger),
)
CANDLES = sa.table(
    "candles",
    sa.column("symbol", sa.Text),
    sa.column("seconds", sa.BigInteger),
    sa.column("start_ns", sa.BigInteger),
    *CANDLE_TOTALS,
)
POSITIONS = sa.table(
    "positions",
    sa.column("user_id", sa.Text),
    sa.column("symbol", sa.Text),
    sa.column("net_quantity_e8", WideInteger),
    sa.column("average_price_e8", sa.BigInteger),
    sa.column("total_cost_e16", WideInteger),
    sa.column("realized_pnl_e16", WideInteger),
    sa.column("updated_ns", sa.BigInteger),
    sa.column("updated_sequence", sa.BigInteger),
)
TRADES = """
SELECT sequence, executed_ns, symbol, price_e8, quantity_e8, buy_user_id, sell_user_id
FROM trades ORDER BY sequence, number
"""


def upgrade() -> None:
    _widen_orders()
    _widen_instruments()
    op.drop_table("candles")
    _create_candles("seconds")
    _create_positions()
    _compute_from_trades()


def downgrade() -> None:
    op.drop_table("positions")
    op.execute("DELETE FROM candles WHERE seconds <> 60")
    op.rename_table("candles", "candles_of_all_lengths")
    _create_candles()
    columns = ", ".join(("symbol", "start_ns", *(column.name for column in CANDLE_TOTALS)))
    op.execute(f"INSERT INTO candles ({columns}) SELECT {columns} FROM candles_of_all_lengths")
    op.drop_table("candles_of_all_lengths")
    _make_live_indexes(LIVE_BEFORE)
    for table, columns in (
        ("instruments", INSTRUMENT_COLUMNS),
        ("order_events", EVENT_COLUMNS),
        ("orders", (*ORDER_COLUMNS, "self_trade_prevention")),
    ):
        for column in columns:
            op.drop_column(table, column)


def _integer(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable, autoincrement=False)


def _widen_orders() -> None:
    for name in ORDER_COLUMNS:
        op.add_column("orders", _integer(name, nullable=True))
    op.add_column("orders", sa.Column("self_trade_prevention", sa.Text()))
    for name in EVENT_COLUMNS:
        op.add_column("order_events", _integer(name, nullable=True))
    _make_live_indexes(LIVE)


def _make_live_indexes(where: sa.TextClause) -> None:
    for name, columns in LIVE_INDEXES:
        op.drop_index(name, "orders")
        op.create_index(name, "orders", columns, sqlite_where=where, postgresql_where=where)


def _widen_instruments() -> None:
    # Instruments that are there get the defaults; new rows name every value.
    added = {
        "price_band_percent_e8": (sa.BigInteger(), "0"),
        "circuit_breaker_percent_e8": (sa.BigInteger(), "0"),
        "state": (sa.Text(), "OPEN"),
        "state_since_ns": (sa.BigInteger(), "0"),
    }
    op.add_column("instruments", _integer("reference_price_e8", nullable=True))
    for name in ("self_trade_prevention", "schedule"):
        op.add_column("instruments", sa.Column(name, sa.Text()))
    for name, (kind, default) in added.items():
        op.add_column("instruments", sa.Column(name, kind, nullable=False, server_default=default))
    op.execute("UPDATE instruments SET state_since_ns = updated_ns")
    # SQLite can take a default back only by copying the table.
    with op.batch_alter_table("instruments") as batch:
        for name, (kind, _) in added.items():
            batch.alter_column(name, server_default=None, existing_type=kind, existing_nullable=False)


def _create_candles(*length: str) -> None:
    op.create_table(
        "candles",
        sa.Column("symbol", sa.Text(), nullable=False),
        *map(_integer, (*length, "start_ns", "open_e8", "high_e8", "low_e8", "close_e8")),
        sa.Column("volume_e8", WIDE, nullable=False),
        sa.Column("notional_e16", WIDE, nullable=False),
        _integer("trades"),
        sa.PrimaryKeyConstraint("symbol", *length, "start_ns"),
        sqlite_with_rowid=False,
    )


def _create_positions() -> None:
    op.create_table(
        "positions",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("net_quantity_e8", WIDE, nullable=False),
        _integer("average_price_e8", nullable=True),
        sa.Column("total_cost_e16", WIDE, nullable=False),
        sa.Column("realized_pnl_e16", WIDE, nullable=False),
        _integer("updated_ns"),
        _integer("updated_sequence"),
        sa.PrimaryKeyConstraint("user_id", "symbol"),
        sqlite_with_rowid=False,
    )


def _compute_from_trades() -> None:
    candles = CandleSheet()
    positions: dict[tuple[str, str], tuple[Position, int, int]] = {}
    for sequence, executed_ns, symbol, price_e8, quantity_e8, buyer, seller in op.get_bind().execute(sa.text(TRADES)):
        candles.add_trade(symbol, executed_ns, price_e8, quantity_e8)
        if buyer == seller:
            continue
        for user_id, bought_e8 in ((buyer, quantity_e8), (seller, -quantity_e8)):
            if user_id is not None:
                position = positions.get((user_id, symbol), (Position(), 0, 0))[0]
                position.trade(bought_e8, price_e8)
                positions[user_id, symbol] = (position, executed_ns, sequence)
    op.bulk_insert(CANDLES, [{**key._asdict(), **_totals(candle)} for key, candle in candles.candles().items()])
    op.bulk_insert(POSITIONS, [_position_row(*key, *found) for key, found in positions.items()])


def _totals(candle: Candle) -> dict[str, int]:
    return {column.name: getattr(candle, column.name) for column in CANDLE_TOTALS}


def _position_row(
    user_id: str, symbol: str, position: Position, updated_ns: int, updated_sequence: int
) -> dict[str, str | int | None]:
    return {
        "user_id": user_id,
        "symbol": symbol,
        "net_quantity_e8": position.net_e8,
        "average_price_e8": position.average_price_e8,
        "total_cost_e16": position.cost_e16,
        "realized_pnl_e16": position.realized_e16,
        "updated_ns": updated_ns,
        "updated_sequence": updated_sequence,
    }
