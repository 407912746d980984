"""Make room for what an instrument is called and made of, and for its limits of price, quantity and notional."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXTS = ("name", "base", "quote")
AMOUNTS = ("min_price_e8", "max_price_e8", "min_quantity_e8", "max_quantity_e8", "min_notional_e8")


def upgrade() -> None:
    for name in TEXTS:
        op.add_column("instruments", sa.Column(name, sa.Text()))
    for name in AMOUNTS:
        op.add_column("instruments", sa.Column(name, sa.BigInteger()))


def downgrade() -> None:
    for name in (*TEXTS, *AMOUNTS):
        op.drop_column("instruments", name)
