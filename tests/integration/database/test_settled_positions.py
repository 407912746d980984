"""Settlements end the positions of a symbol, in any batches; delisted instruments leave no row."""

import pytest

from order_engine.database.database import Database
from order_engine.followers.sql.known_totals import KnownTotals
from order_engine.followers.sql.sink import SqlSink
from order_engine.matching.commands import Command, DelistInstrument, SetInstrument, SettleInstrument
from order_engine.queries.queries import Queries
from tests.integration.database.conftest import JOURNAL_ID
from tests.integration.database.market import E8, Market, buy, sell
from tests.integration.database.projection_checks import check_all

COMMANDS: list[Command] = [
    sell(price=100, quantity=10, user_id="bob"),
    buy(price=100, quantity=10, user_id="ann"),
    sell(price=50, quantity=4, symbol="MSFT", user_id="ann"),
    buy(price=50, quantity=4, symbol="MSFT", user_id="bob"),
    sell(price=130, quantity=3, user_id="ann"),
    buy(price=130, quantity=3, user_id="cat"),
    SetInstrument(symbol="TYPO"),
    SettleInstrument(symbol="AAPL", price_e8=90 * E8),
    DelistInstrument(symbol="TYPO"),
    SetInstrument(symbol="TYPO", tick_size_e8=E8),
    SetInstrument(symbol="OOPS"),
    DelistInstrument(symbol="OOPS"),
]


@pytest.mark.parametrize("remembered_max", [1, 100])
@pytest.mark.parametrize("batch", [1, 2, 5, len(COMMANDS)])
def test_positions_end_at_the_settlement_price(
    database: Database,
    database_url: str,
    queries: Queries,
    sink: SqlSink,
    monkeypatch: pytest.MonkeyPatch,
    batch: int,
    remembered_max: int,
) -> None:
    monkeypatch.setattr(sink._rows, "_totals", KnownTotals(entries_max=remembered_max))
    market = Market()
    sink.open(JOURNAL_ID, len(COMMANDS))
    for start in range(0, len(COMMANDS), batch):
        sink.write(market.apply_each(COMMANDS[start : start + batch]))

    held = {
        (held.user_id, held.symbol): held
        for user in ("ann", "bob", "cat")
        for held in queries.positions(user, 9, None)[0]
    }
    assert {key: (one.net_quantity_e8 // E8, one.realized_pnl_e16 // E8**2) for key, one in held.items()} == {
        ("ann", "AAPL"): (0, 3 * 30 - 7 * 10),
        ("bob", "AAPL"): (0, 10 * 10),
        ("cat", "AAPL"): (0, -3 * 40),
        ("ann", "MSFT"): (-4, 0),
        ("bob", "MSFT"): (4, 0),
    }
    settled = held["ann", "AAPL"]
    assert (settled.average_price_e8, settled.total_cost_e16, settled.updated_sequence) == (None, 0, 8)
    assert held["ann", "MSFT"].updated_sequence == 4
    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT symbol, tick_size_e8, settlement_price_e8, state FROM instruments")
        assert sorted(map(tuple, rows)) == [
            ("AAPL", E8 // 100, 90 * E8, "CLOSED"),
            ("MSFT", E8 // 100, None, "OPEN"),
            ("TYPO", E8, None, "OPEN"),
        ]
    check_all(database_url, market)
