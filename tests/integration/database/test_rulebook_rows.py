"""Orders, events and instruments of the whole rulebook read back as they were, on both databases."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from order_engine.database.database import Database
from order_engine.matching.commands import (
    AmendOrder,
    Command,
    DisableUser,
    EnableUser,
    ExpireDue,
    OrderType,
    ScheduledState,
    SelfTradePrevention,
    SessionState,
    SetInstrument,
    SetRiskLimits,
    SetState,
    TimeInForce,
)
from order_engine.matching.events import OrderStatus
from order_engine.queries.queries import Queries
from tests.integration.database.market import E8, START_NS, Market, amend, buy, sell
from tests.integration.database.projection_checks import assert_projected

Project = Callable[[Market], None]
HOUR_NS = 3_600_000_000_000
# Any: names and amounts.
NAMED: dict[str, Any] = {"name": "Apple", "base": "AAPL", "quote": "USD"}
NAMED |= {"min_price_e8": 50 * E8, "min_quantity_e8": 1, "max_quantity_e8": 10 * E8, "min_notional_e8": 5 * E8}


def stop(price: int, **terms: object) -> Command:
    """A stop to buy."""
    placed = buy(order_type=OrderType.STOP, stop_price_e8=price * E8, **terms)
    return msgspec.structs.replace(placed, price_e8=None)


def state(state: SessionState) -> SetState:
    return SetState(symbol="AAPL", state=state)


def eventful_market() -> Market:
    """A market in which orders of every kind end in every way."""
    market = Market()
    late_ns = START_NS + HOUR_NS
    market.apply(sell(price=100, quantity=50, display_quantity_e8=5 * E8, user_id="ann"))
    market.apply(buy(price=99, user_id="ann", time_in_force=TimeInForce.GTD, expire_at_ns=late_ns))
    market.apply(stop(101, user_id="bob"), stop(120, user_id="bob", client_order_id="far"))
    market.apply(buy(price=98, order_type=OrderType.STOP_LIMIT, stop_price_e8=110 * E8, user_id="bob"))
    trailing = buy(order_type=OrderType.TRAILING_STOP, trail_amount_e8=3 * E8, user_id="eve")
    market.apply(msgspec.structs.replace(trailing, price_e8=None))
    market.apply(buy(price=100, quantity=7, user_id="cat"))
    market.apply(AmendOrder(order_id="4", stop_price_e8=130 * E8), amend("1", 40))
    market.apply(buy(price=100, quantity=3, user_id="ann", self_trade_prevention=SelfTradePrevention.DECREMENT))
    market.apply(sell(price=104, user_id="dan", time_in_force=TimeInForce.DAY, post_only=True))
    market.apply(buy(price=200, quantity=32, user_id="cat"))
    market.now_ns = late_ns
    market.apply(ExpireDue())
    market.apply(state(SessionState.CLOSED), buy(user_id="zoe"), state(SessionState.PRE_OPEN))
    market.apply(buy(price=103, quantity=5, user_id="cat"), sell(price=102, quantity=8, user_id="dan"))
    market.apply(state(SessionState.OPEN), SetRiskLimits(user_id="cat", max_open_orders=1))
    market.apply(DisableUser(user_id="bob"), buy(user_id="bob"), EnableUser(user_id="bob"))
    market.apply(stop(500, user_id="eve"))
    return market


def test_every_kind_of_order_reads_back_as_it_was(database: Database, project: Project) -> None:
    market = eventful_market()

    project(market)

    assert_projected(database, market)
    assert {entry.status for entry in market.last_states().values()} == set(OrderStatus) - {OrderStatus.OPEN}


def test_rows_are_the_same_however_the_records_are_batched(database: Database, project: Project) -> None:
    market = eventful_market()
    whole, market.journal = market.journal, []
    for applied in whole:
        market.journal.append(applied)
        market.engine.sequence = applied.record.last_sequence

        project(market)

    assert_projected(database, market)


@pytest.mark.parametrize(
    ("order_id", "life"),
    [
        ("1", ["accepted", "amended", "decremented"]),
        ("2", ["accepted", "expired"]),
        ("3", ["accepted", "triggered"]),
        ("4", ["accepted", "amended", "canceled"]),
        ("6", ["accepted", "triggered"]),
    ],
)
def test_life_of_an_order_is_told_event_by_event(
    queries: Queries, project: Project, order_id: str, life: list[str]
) -> None:
    project(eventful_market())

    told = [event.event for event in queries.order_events(order_id)]

    assert told[: len(life)] == life


def test_events_tell_what_only_some_orders_have(queries: Queries, project: Project) -> None:
    project(eventful_market())

    iceberg, far_stop = queries.order_events("1"), queries.order_events("4")
    (expired,) = (event for event in queries.order_events("2") if event.event == "expired")
    (decremented,) = (event for event in iceberg if event.event == "decremented")

    assert {event.display_quantity_e8 for event in iceberg} == {5 * E8}
    assert [event.stop_price_e8 for event in far_stop] == [120 * E8, 130 * E8, 130 * E8]
    assert (expired.status, expired.reason, expired.canceled_e8) == ("EXPIRED", "expired", 10 * E8)
    assert (decremented.decremented_e8, decremented.canceled_e8) == (3 * E8, None)


def test_trade_of_an_auction_has_neither_maker_nor_taker(queries: Queries, project: Project) -> None:
    market = eventful_market()

    project(market)

    newest = queries.trades().trades[0]
    assert (newest.taker_side, newest.maker_order_id, newest.taker_order_id) == (None, None, None)
    assert newest.quantity_e8 == 5 * E8


def test_pending_orders_count_as_live(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply(stop(101, user_id="bob"))

    project(market)

    (pending,) = queries.orders(status=[OrderStatus.PENDING], user_id="bob").orders
    assert pending.order.stop_price_e8 == 101 * E8


def test_state_since_is_that_of_the_listing_though_terms_change_in_the_same_batch(
    database: Database, project: Project
) -> None:
    market = Market()
    market.apply(SetInstrument(symbol="AAPL"))
    listed_ns = market.now_ns
    market.apply(SetInstrument(symbol="AAPL", price_band_percent_e8=10 * E8))

    project(market)

    with database.engine.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT state, state_since_ns FROM instruments")
    assert tuple(row) == ("OPEN", listed_ns)


def test_instrument_has_its_terms_and_the_state_of_its_session(database: Database, project: Project) -> None:
    market = Market()
    schedule = (ScheduledState(9 * 3600, SessionState.OPEN),)
    market.apply(
        SetInstrument(
            symbol="AAPL",
            price_band_percent_e8=10 * E8,
            reference_price_e8=150 * E8,
            self_trade_prevention=SelfTradePrevention.CANCEL_BOTH,
            schedule=schedule,
            max_price_e8=1_000 * E8,
            **NAMED,
        )
    )
    market.apply(state(SessionState.PRE_OPEN), state(SessionState.HALTED))
    halted_ns = market.now_ns
    project(market)
    market.apply(SetInstrument(symbol="AAPL", circuit_breaker_percent_e8=20 * E8, cleared=("max_price_e8",)))

    project(market)

    with database.engine.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT * FROM instruments").mappings()
    assert dict(row) == {
        "symbol": "AAPL",
        "tick_size_e8": 1_000_000,
        "lot_size_e8": 1,
        "price_band_percent_e8": 10 * E8,
        "circuit_breaker_percent_e8": 20 * E8,
        "reference_price_e8": 150 * E8,
        "self_trade_prevention": "CANCEL_BOTH",
        "schedule": '[{"at":"09:00:00","state":"OPEN"}]',
        **NAMED,
        "max_price_e8": None,
        "settlement_price_e8": None,
        "state": "HALTED",
        "state_since_ns": halted_ns,
        "updated_ns": market.now_ns,
        "updated_sequence": 4,
    }
