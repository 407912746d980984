"""The comparison of tables and journal that every test of the projection makes."""

from order_engine.database.database import Database
from order_engine.followers.sql.projection_check import checking_projection
from order_engine.queries.queries import Queries
from tests.integration.database.conftest import JOURNAL_ID
from tests.integration.database.market import Market

WAIT_SECONDS = 20


def assert_projected(database: Database, market: Market) -> None:
    """Require that rows and journal agree."""
    stored = Queries(database).orders(limit=100_000).orders
    assert {entry.order.sequence: entry.order for entry in stored} == market.last_states()
    trades = Queries(database).trades(limit=100_000).trades
    assert sum(trade.quantity_e8 for trade in trades) == market.trade_volume_e8()
    if trades:
        assert Queries(database).statistics("AAPL", market.now_ns).volume_e8 == market.trade_volume_e8()


def check_all(url: str, market: Market) -> None:
    """Compare every row with the journal, as ``verify`` does; raise ``DifferenceFound``."""
    with checking_projection(url) as check:
        assert check is not None
        check.check_journal(JOURNAL_ID)
        for applied in market.journal:
            check.follow(applied)
        check.finish(market.end)
