"""Queries return exactly what happened, page by page."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from order_engine.api.plumbing.forms import LIVE_STATUSES
from order_engine.database.database import Database
from order_engine.database.errors import CursorInvalid
from order_engine.matching.commands import SetInstrument, Side
from order_engine.matching.events import (
    OrderAccepted,
    OrderStatus,
    TradeExecuted,
)
from order_engine.matching.reason import Reason
from order_engine.queries.queries import Queries
from order_engine.queries.results import StoredOrder
from tests.integration.database.market import E8, START_NS, Market, amend, busy_market, buy, cancel, sell

Project = Callable[[Market], None]
HUGE_E8 = 10**18


def test_every_order_reads_back_as_its_last_event_left_it(queries: Queries, project: Project) -> None:
    market = busy_market(20)

    project(market)

    stored = queries.orders(limit=1000).orders
    assert {entry.order.sequence: entry.order for entry in stored} == market.last_states()


def test_order_tells_when_it_was_changed_last(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply(buy())
    market.apply(amend("1", quantity=5))

    project(market)

    found = queries.order("1")
    assert found is not None
    assert (found.updated_sequence, found.updated_ns, found.order.timestamp_ns) == (2, START_NS + 2000, START_NS + 1000)


def test_id_chosen_by_the_caller_reads_back(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply(buy(order_id="mine"))

    project(market)

    found = queries.order("mine")
    assert found is not None
    assert found.order == market.last_states()[1]


def test_refused_order_of_the_same_id_does_not_hide_the_live_one(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply(buy(order_id="mine"))
    refused = market.apply(buy(order_id="mine"))

    project(market)

    found = queries.order("mine")
    assert found is not None
    assert found.order.status is OrderStatus.OPEN
    assert queries.orders(limit=1).orders[0].order == refused.events[0][0].order  # type: ignore[union-attr] # rejected


def test_unknown_and_unstorable_names_are_not_found(queries: Queries) -> None:
    for name in ("7", "", "\x00", "\ud800", "é", "x" * 5000, "' OR 1=1 --"):
        assert queries.order(name) is None
        assert queries.order_by_client_id(name, name) is None
        assert queries.orders(user_id=name, symbol=name, client_order_id=name).orders == []
        assert queries.trades(user_id=name, symbol=name, order_id=name).trades == []
        assert queries.order_events(name) == []
        assert queries.statistics(name, START_NS).trades == 0


def test_client_order_id_finds_the_newest_of_that_user(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply(buy(user_id="ann", client_order_id="c1"))
    market.apply(cancel("1"))
    market.apply(buy(user_id="ann", client_order_id="c1"))
    market.apply(buy(user_id="bob", client_order_id="c1"))

    project(market)

    found = queries.order_by_client_id("ann", "c1")
    assert found is not None
    assert found.order.order_id == "3"
    assert _ids(queries.orders(client_order_id="c1").orders) == ["4", "3", "1"]
    before = queries.order_by_client_id("ann", "c1", before=3)
    assert before is not None
    assert before.order.order_id == "1"
    assert queries.order("3", before=3) is None


def test_filters_of_orders_go_together(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply(buy(user_id="ann", symbol="AAPL"))
    market.apply(buy(user_id="ann", symbol="MSFT"))
    market.apply(buy(user_id="bob", symbol="AAPL"))
    market.apply(buy(user_id="ann", symbol="AAPL"))
    market.apply(cancel("4"))

    project(market)

    assert _ids(queries.orders(user_id="ann").orders) == ["4", "2", "1"]
    assert _ids(queries.orders(user_id="ann", symbol="AAPL").orders) == ["4", "1"]
    assert _ids(queries.orders(user_id="ann", status=[OrderStatus.OPEN]).orders) == ["2", "1"]
    assert _ids(queries.orders(symbol="AAPL", status=[OrderStatus.OPEN]).orders) == ["3", "1"]
    assert _ids(queries.orders(status=[OrderStatus.CANCELED]).orders) == ["4"]


def test_orders_of_several_statuses_are_one_list_and_paged(queries: Queries, project: Project) -> None:
    market = Market()
    for number in range(1, 7):
        market.apply(buy(user_id="ann"))
        if number % 3 == 0:
            market.apply(cancel(str(market.engine.sequence)))

    project(market)

    every = [OrderStatus.CANCELED, OrderStatus.OPEN]
    assert _ids(queries.orders(status=every).orders) == _ids(queries.orders().orders)
    first = queries.orders(status=every, limit=4)
    rest = queries.orders(status=every, limit=4, cursor=first.next_cursor)
    assert (_ids(first.orders) + _ids(rest.orders), rest.next_cursor) == (_ids(queries.orders().orders), None)
    assert _ids(queries.orders(status=[OrderStatus.FILLED, OrderStatus.CANCELED]).orders) == ["7", "3"]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({"user_id": "ann", "status": [OrderStatus.OPEN]}, "orders_by_user_and_status"),
        ({"user_id": "ann", "status": LIVE_STATUSES}, "orders_by_user_and_status"),
        ({"user_id": "ann", "symbol": "AAPL"}, "orders_by_user_and_symbol"),
        ({"user_id": "ann"}, "orders_by_user"),
    ],
)
def test_orders_are_found_by_the_index_of_the_filter(tmp_path: Path, wanted: dict[str, Any], index: str) -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []
    with closing(Database(f"sqlite:///{tmp_path}/exchange.db")) as database:
        database.upgrade()
        event.listen(Engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
        Queries(database).orders(**wanted)
        statement, parameters = asked[-1]

        with database.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()

    assert f"USING INDEX {index} " in str(plan)


def test_pages_of_orders_stay_stable_while_orders_come_in(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply_each(buy(price=number) for number in range(1, 8))
    project(market)

    first = queries.orders(limit=3)
    market.apply_each([buy(), buy()])
    project(market)
    second = queries.orders(limit=3, cursor=first.next_cursor)
    third = queries.orders(limit=3, cursor=second.next_cursor)

    assert [_ids(page.orders) for page in (first, second, third)] == [["7", "6", "5"], ["4", "3", "2"], ["1"]]
    assert third.next_cursor is None


def test_page_that_ends_with_the_last_order_has_no_next(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply_each([buy(), buy()])

    project(market)

    assert queries.orders(limit=2).next_cursor is None


def test_cursor_of_another_list_or_of_nobody_is_refused(queries: Queries, project: Project) -> None:
    market = busy_market(3)
    project(market)
    of_trades = queries.trades(limit=1).next_cursor

    for cursor in (of_trades, "", "x", "é", "\ud800", "b3JkZXJzOi0x", "b3JkZXJzOjE=", "A" * 10_000):
        with pytest.raises(CursorInvalid):
            queries.orders(cursor=cursor)


def test_pages_of_trades_join_without_gap_or_repeat_within_a_command(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply_each(sell(price=100 + number, quantity=1) for number in range(5))
    market.apply(buy(price=110, quantity=5))
    project(market)

    pages: list[list[str]] = []
    cursor = None
    while not pages or cursor is not None:
        page = queries.trades(limit=2, cursor=cursor)
        pages.append([trade.trade_id for trade in page.trades])
        cursor = page.next_cursor

    assert pages == [["6-5", "6-4"], ["6-3", "6-2"], ["6-1"]]


def test_trades_are_filtered_by_user_on_either_side_once(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply_each(
        [
            *(sell(user_id="ann"), buy(user_id="bob")),
            *(sell(user_id="bob", symbol="MSFT"), buy(user_id="ann", symbol="MSFT")),
            *(sell(user_id="ann"), buy(user_id="ann")),
            *(sell(user_id="cyd"), buy(user_id="bob")),
        ]
    )

    project(market)

    assert [trade.trade_id for trade in queries.trades(user_id="ann").trades] == ["6-1", "4-1", "2-1"]
    assert [trade.trade_id for trade in queries.trades(user_id="ann", symbol="MSFT").trades] == ["4-1"]
    assert [trade.trade_id for trade in queries.trades(order_id="3").trades] == ["4-1"]
    assert [trade.trade_id for trade in queries.trades(user_id="cyd", order_id="1").trades] == []
    assert [trade.trade_id for trade in queries.trades(user_id="ann", limit=1).trades] == ["6-1"]


def test_trades_since_a_moment_include_that_moment(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply_each([sell(), buy(), sell(), buy()])
    project(market)

    newest = queries.trades().trades[0]

    assert [trade.trade_id for trade in queries.trades(since_ns=newest.executed_ns).trades] == ["4-1"]
    assert queries.trades(since_ns=newest.executed_ns + 1).trades == []
    assert len(queries.trades(since_ns=-(10**30)).trades) == 2
    assert queries.trades(since_ns=10**30).trades == []


def test_trades_and_orders_until_a_moment_leave_it_out(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply_each([sell(), buy(), sell(), buy()])
    project(market)
    newest = queries.trades().trades[0].executed_ns

    assert [trade.trade_id for trade in queries.trades(until_ns=newest).trades] == ["2-1"]
    assert [trade.trade_id for trade in queries.trades(until_ns=newest + 1).trades] == ["4-1", "2-1"]
    assert queries.trades(since_ns=newest, until_ns=newest).trades == []
    assert [stored.order.order_id for stored in queries.orders(until_ns=newest).orders] == ["3", "2", "1"]
    assert [stored.order.order_id for stored in queries.orders(since_ns=newest, user_id="ann").orders] == []
    assert queries.orders(since_ns=newest + 1).orders == []
    assert len(queries.orders(since_ns=-(10**30), until_ns=10**30).orders) == 4


def test_trade_names_maker_and_taker(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply_each([sell(), buy(), buy(), sell()])

    project(market)

    sold_into, bought_from = queries.trades().trades
    assert (bought_from.taker_side, bought_from.maker_order_id, bought_from.taker_order_id) == (Side.BUY, "1", "2")
    assert (sold_into.taker_side, sold_into.maker_order_id, sold_into.taker_order_id) == (Side.SELL, "3", "4")


def test_trades_of_orders_add_up_to_what_is_filled(queries: Queries, project: Project) -> None:
    project(busy_market(10))

    orders = queries.orders(limit=1000).orders

    assert sum(stored.order.filled_e8 for stored in orders) > 0
    for stored in orders:
        assert (
            sum(trade.quantity_e8 for trade in queries.trades_of_order(stored, limit=1_000).trades)
            == stored.order.filled_e8
        )


def test_trades_that_came_after_an_order_was_read_are_not_shown_with_it(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply_each([sell(quantity=10), buy(quantity=4)])
    project(market)
    read_before = queries.order("1")
    assert read_before is not None

    market.apply(buy(quantity=6))
    project(market)

    assert [trade.trade_id for trade in queries.trades_of_order(read_before).trades] == ["2-1"]


def test_life_of_an_order_has_its_refusals_and_states(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply(sell(quantity=4))
    market.apply(buy(quantity=10))
    market.apply(amend("2", quantity=8))
    market.apply(cancel("2"))
    market.apply(cancel("2"))
    market.apply(amend("2", quantity=1))

    project(market)

    life = [
        (entry.sequence, entry.event, entry.reason, entry.status, entry.quantity_e8, entry.canceled_e8)
        for entry in queries.order_events("2")
    ]
    assert life == [
        (2, "accepted", None, "OPEN", 10 * E8, None),
        (3, "amended", None, "PARTIALLY_FILLED", 8 * E8, None),
        (4, "canceled", "user_requested", "CANCELED", 8 * E8, 4 * E8),
        (5, "cancel_rejected", "unknown_order", None, None, None),
        (6, "amend_rejected", "unknown_order", None, None, None),
    ]


def test_events_and_trades_of_one_command_keep_their_order(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply(sell(quantity=4))
    applied = market.apply(buy(quantity=4))

    project(market)

    trade = queries.trades().trades[0]
    accepted = queries.order_events("2")[0]
    assert [type(event) for event in applied.events[0]] == [OrderAccepted, TradeExecuted]
    assert (accepted.sequence, accepted.number, trade.sequence, trade.number) == (2, 0, 2, 1)


def test_refused_order_reads_back_with_its_reason(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply(buy(user_id="ann", client_order_id="c"))
    market.apply(buy(user_id="ann", client_order_id="c"))

    project(market)

    found = queries.order("2")
    assert found is not None
    assert found.order.reason is Reason.DUPLICATE_ORDER_ID
    assert found.order.status is OrderStatus.REJECTED


def test_changed_instrument_replaces_its_row(database: Database, project: Project) -> None:
    market = Market()
    market.apply(SetInstrument(symbol="AAPL", tick_size_e8=1_000_000))
    market.apply(SetInstrument(symbol="AAPL", tick_size_e8=5_000_000))

    project(market)

    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT symbol, tick_size_e8, updated_sequence FROM instruments").all()
    assert [tuple(row) for row in rows] == [("AAPL", 5_000_000, 2)]


def _ids(orders: list[StoredOrder]) -> list[str]:
    return [stored.order.order_id for stored in orders]
