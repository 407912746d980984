"""Positions and candles match the trades, in any batches, and after an older database was migrated."""

from collections.abc import Callable
from functools import partial
from random import Random

import pytest

from order_engine.database.database import Database
from order_engine.followers.sql.known_totals import KnownTotals
from order_engine.followers.sql.sink import SqlSink
from order_engine.market_data.candles import INTERVALS, Candle, candle_of_trade, start_of
from order_engine.market_data.positions import Position
from order_engine.matching.commands import PlaceOrder, Side
from order_engine.matching.events import TradeExecuted
from order_engine.queries.queries import Queries
from order_engine.queries.results import CandlePage, StoredPosition
from tests.integration.database.conftest import JOURNAL_ID
from tests.integration.database.market import E8, Market, buy, sell
from tests.integration.database.migrating import downgrade

Project = Callable[[Market], None]
USERS = ("ann", "bob", "cat", None)
SYMBOLS = ("AAPL", "MSFT")
SECOND_NS = 1_000_000_000


def trading_market(seed: int, orders: int = 400) -> Market:
    """Orders of few users at few prices, so that nearly all trade, some users with themselves."""
    random, market = Random(seed), Market()
    for _ in range(orders):
        market.now_ns += random.randrange(400 * SECOND_NS)
        market.apply(
            PlaceOrder(
                symbol=random.choice(SYMBOLS),
                side=random.choice(tuple(Side)),
                quantity_e8=random.randrange(1, 20 * E8),
                price_e8=random.randrange(9_900, 10_100) * 1_000_000,
                user_id=random.choice(USERS),
            )
        )
    return market


def trades_of(market: Market) -> list[tuple[int, TradeExecuted]]:
    return [
        (record.timestamp_ns, event)
        for record, events in market.journal
        for event in events[0]
        if isinstance(event, TradeExecuted)
    ]


def position_from_trades(market: Market, user_id: str, symbol: str) -> Position:
    """Compute a position again, trade by trade."""
    position = Position()
    for _, trade in trades_of(market):
        buyer, seller = trade.buy.placed.user_id, trade.sell.placed.user_id
        if trade.symbol == symbol and buyer != seller and user_id in (buyer, seller):
            position.trade(trade.quantity_e8 if user_id == buyer else -trade.quantity_e8, trade.price_e8)
    return position


def assert_positions(queries: Queries, market: Market) -> None:
    for user_id in ("ann", "bob", "cat"):
        found = {held.symbol: held for held in queries.positions(user_id, 100, None)[0]}
        assert set(found) == set(SYMBOLS)
        for symbol, held in found.items():
            expected = position_from_trades(market, user_id, symbol)
            assert held.net_quantity_e8 == expected.net_e8 == market.engine.books[symbol].positions_e8[user_id]
            assert held.average_price_e8 == expected.average_price_e8
            assert (held.total_cost_e16, held.realized_pnl_e16) == (expected.cost_e16, expected.realized_e16)


def candles_from_trades(market: Market, symbol: str, seconds: int) -> list[tuple[int, Candle]]:
    candles: dict[int, Candle] = {}
    for timestamp_ns, trade in trades_of(market):
        if trade.symbol == symbol:
            start_ns = start_of(seconds, timestamp_ns)
            if start_ns in candles:
                candles[start_ns].add_trade(trade.price_e8, trade.quantity_e8)
            else:
                candles[start_ns] = candle_of_trade(trade.price_e8, trade.quantity_e8)
    return list(candles.items())


def assert_candles(queries: Queries, market: Market) -> None:
    for seconds in INTERVALS.values():
        assert queries.candles("AAPL", seconds, 1_000).candles == candles_from_trades(market, "AAPL", seconds)


@pytest.mark.parametrize("seed", [1, 2])
def test_positions_and_candles_are_those_of_the_trades(queries: Queries, project: Project, seed: int) -> None:
    market = trading_market(seed)

    project(market)

    assert len(trades_of(market)) > 200
    assert_positions(queries, market)
    assert_candles(queries, market)


def test_positions_and_candles_go_on_from_what_is_there(queries: Queries, project: Project) -> None:
    market = trading_market(3)
    whole, market.journal = market.journal, []
    for start in range(0, len(whole), 80):
        market.journal += whole[start : start + 80]
        market.engine.sequence = market.journal[-1].record.last_sequence

        project(market)

    assert_positions(queries, market)
    assert_candles(queries, market)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_newest_candles_are_whole_whatever_the_limit(queries: Queries, project: Project, limit: int) -> None:
    market = trading_market(4)

    project(market)

    for seconds in INTERVALS.values():
        assert queries.candles("AAPL", seconds, limit).candles == candles_from_trades(market, "AAPL", seconds)[-limit:]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_candles_are_paged_through_the_whole_history(queries: Queries, project: Project, limit: int) -> None:
    market = trading_market(4)

    project(market)

    for seconds in INTERVALS.values():
        expected = candles_from_trades(market, "AAPL", seconds)
        older = pages_of(partial(queries.candles, "AAPL", seconds, limit))
        assert [candle for page in reversed(older) for candle in page] == expected
        newer = pages_of(partial(queries.candles, "AAPL", seconds, limit, since_ns=0))
        assert [candle for page in newer for candle in page] == expected


@pytest.mark.parametrize("limit", [1, 3, 1_000])
def test_span_of_candles_is_by_their_starts_and_shows_them_whole(
    queries: Queries, project: Project, limit: int
) -> None:
    market = trading_market(4)

    project(market)

    for seconds in INTERVALS.values():
        every = candles_from_trades(market, "AAPL", seconds)
        for since_ns, until_ns in spans_within(every):
            expected = [found for found in every if since_ns <= found[0] < until_ns]
            shown = queries.candles("AAPL", seconds, limit, since_ns=since_ns, until_ns=until_ns)
            assert shown.candles == expected[:limit]
            before = [found for found in every if found[0] < until_ns]
            assert queries.candles("AAPL", seconds, limit, until_ns=until_ns).candles == before[-limit:]


def pages_of(read: Callable[..., CandlePage]) -> list[list[tuple[int, Candle]]]:
    pages, cursor = [], None
    while True:
        page = read(cursor=cursor)
        pages.append(page.candles)
        if page.next_cursor is None:
            return pages
        cursor = page.next_cursor


def spans_within(every: list[tuple[int, Candle]]) -> list[tuple[int, int]]:
    starts = [start_ns for start_ns, _ in every]
    middle = starts[len(starts) // 2]
    return [
        (starts[0], middle),
        (middle, starts[-1]),
        (starts[0] + 1, middle + 1),
        (middle, 10**30),
        (-(10**30), middle),
    ]


def test_candles_of_a_symbol_that_never_traded_are_none(queries: Queries) -> None:
    assert queries.candles("AAPL", 60, 100) == CandlePage([], None)
    assert queries.candles("\N{SNOWMAN}", 60, 100) == CandlePage([], None)
    assert queries.positions("nobody", 100, None) == ([], None)


def test_users_who_trade_with_themselves_hold_nothing_by_it(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply(sell(user_id="ann"), buy(user_id="ann"))

    project(market)

    assert queries.positions("ann", 100, None) == ([], None)


def test_position_says_what_last_changed_it(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply(sell(price=100, quantity=4, user_id="ann"))
    market.apply(buy(price=100, quantity=4, user_id="bob"))

    project(market)

    amounts = (-4 * E8, 100 * E8, -400 * E8 * E8, 0)
    assert queries.positions("ann", 100, None)[0] == [StoredPosition("ann", "AAPL", *amounts, market.now_ns, 2)]


def test_database_of_the_version_before_gets_positions_and_candles_from_its_trades(
    database: Database, queries: Queries, project: Project
) -> None:
    market = trading_market(5)
    project(market)
    minutes = candles_from_trades(market, "AAPL", 60)
    downgrade(database.engine, "0001")
    with database.engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT start_ns FROM candles WHERE symbol = 'AAPL' ORDER BY start_ns")
        assert [row[0] for row in stored] == [start_ns for start_ns, _ in minutes]

    database.upgrade()

    assert_positions(queries, market)
    assert_candles(queries, market)
    market.apply(sell(price=1, user_id="ann"), buy(price=200, user_id="bob"))
    project(market)
    assert queries.orders(limit=1).orders[0].order.filled_e8 > 0


def test_live_orders_and_instruments_of_the_version_before_go_on(
    database: Database, queries: Queries, project: Project
) -> None:
    market = Market()
    market.apply(buy(user_id="ann"))
    project(market)
    downgrade(database.engine, "0001")

    database.upgrade()

    assert [stored.order for stored in queries.orders(user_id="ann").orders] == list(market.last_states().values())
    with database.engine.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT state, price_band_percent_e8, state_since_ns FROM instruments")
    assert tuple(row) == ("OPEN", 0, market.now_ns)


def test_totals_are_exact_whatever_is_remembered_between_batches(
    queries: Queries, sink: SqlSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = trading_market(6)
    monkeypatch.setattr(sink._rows, "_totals", KnownTotals(entries_max=1))
    sink.open(JOURNAL_ID, market.end)

    for applied in market.journal:
        sink.write([applied])

    assert_positions(queries, market)
    assert_candles(queries, market)
