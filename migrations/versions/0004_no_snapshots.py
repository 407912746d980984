"""Drop the copies of snapshots, and find a user's orders in one symbol without reading all of the user's."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("book_snapshots")
    op.create_index("orders_by_user_and_symbol", "orders", ["user_id", "symbol", "sequence"])


def downgrade() -> None:
    op.drop_index("orders_by_user_and_symbol", "orders")
    op.create_table(
        "book_snapshots",
        sa.Column("journal_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("state_hash", sa.Text(), nullable=False),
        sa.Column("taken_ns", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("journal_id", "sequence"),
    )
