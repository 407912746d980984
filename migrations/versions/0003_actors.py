"""Make room for who asked for what happened to an order, where that was not its user."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order_events", sa.Column("actor", sa.Text()))


def downgrade() -> None:
    op.drop_column("order_events", "actor")
