"""Make room for the price at which an instrument was settled."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("instruments", sa.Column("settlement_price_e8", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("instruments", "settlement_price_e8")
