"""Make the indexes that pairs of filters need: a user's orders of a status, a symbol's, a user's trades in a symbol.

The indexes of live orders go: the new ones find them too. So does the one of trades by time: the sequence is as good.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LIVE = sa.text("status IN ('PENDING', 'OPEN', 'PARTIALLY_FILLED')")


def upgrade() -> None:
    op.drop_index("live_orders_by_user", "orders")
    op.drop_index("live_orders_by_symbol", "orders")
    op.drop_index("trades_by_time", "trades")
    op.create_index("orders_by_user_and_status", "orders", ["user_id", "status", "sequence"])
    op.create_index("orders_by_symbol_and_status", "orders", ["symbol", "status", "sequence"])
    op.create_index("trades_by_buy_user_and_symbol", "trades", ["buy_user_id", "symbol", "sequence", "number"])
    op.create_index("trades_by_sell_user_and_symbol", "trades", ["sell_user_id", "symbol", "sequence", "number"])


def downgrade() -> None:
    op.drop_index("trades_by_sell_user_and_symbol", "trades")
    op.drop_index("trades_by_buy_user_and_symbol", "trades")
    op.drop_index("orders_by_symbol_and_status", "orders")
    op.drop_index("orders_by_user_and_status", "orders")
    op.create_index("trades_by_time", "trades", ["executed_ns", "sequence"])
    partial = {"sqlite_where": LIVE, "postgresql_where": LIVE}
    op.create_index("live_orders_by_symbol", "orders", ["symbol", "sequence"], **partial)
    op.create_index("live_orders_by_user", "orders", ["user_id", "sequence"], **partial)
