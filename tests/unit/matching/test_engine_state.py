"""State: the same commands give the same state, a loaded dump continues, and the checks find damage."""

from collections.abc import Callable

import pytest

from order_engine.matching.commands import Command, Configure, DisableUser, ExpireDue, SessionState
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import OrderStatus
from order_engine.matching.order_book import OrderBook
from order_engine.matching.reason import Reason
from tests.builders import (
    Exchange,
    accepted,
    amend,
    buy,
    cancel_all,
    canceled,
    instrument,
    limits,
    sell,
    session,
    standing,
    trade,
)
from tests.dumps import dumped_and_loaded, engine_hash
from tests.invariants import check_engine


def busy_exchange() -> Exchange:
    exchange = Exchange()
    exchange.apply_all(
        buy(order_id="early", user_id="ann", client_order_id="mine"),
        buy(order_id="late", user_id="ann"),
        sell(order_id="s", quantity="4"),
        sell(order_id="far", price="110.00", user_id="bob"),
        amend("late", price="101.00"),
        amend("late", price="100.00"),
    )
    return exchange


def test_same_commands_give_the_same_hash() -> None:
    assert engine_hash(busy_exchange().engine) == engine_hash(busy_exchange().engine)


def test_other_order_of_the_queue_gives_another_hash() -> None:
    first, second = Exchange(), Exchange()
    first.apply_all(buy(order_id="a"), buy(order_id="b"))
    second.apply_all(buy(order_id="b"), buy(order_id="a"))

    assert engine_hash(first.engine) != engine_hash(second.engine)


def test_loaded_order_still_ends_with_its_connection() -> None:
    live = Exchange()
    live.apply_all(
        buy(order_id="plain", cancel_on_disconnect=True),
        buy(price="99.00", display="1", user_id="ann", cancel_on_disconnect=True),
        buy(price="98.00", display="1"),
        buy(price="97.00"),
    )

    loaded = dumped_and_loaded(live.engine)

    assert [order.placed for order in loaded.live.by_key.values()] == [
        order.placed for order in live.engine.live.by_key.values()
    ]
    assert engine_hash(loaded) == engine_hash(live.engine)


def test_loaded_engine_goes_on_where_the_dumped_one_stood() -> None:
    live = busy_exchange()
    loaded = Exchange(dumped_and_loaded(live.engine))
    taker = sell(order_id="t", quantity="7")

    events = loaded.apply(taker)

    early, late = (buy(order_id="early", user_id="ann", client_order_id="mine"), buy(order_id="late", user_id="ann"))
    assert events == [
        accepted(taker, 8),
        trade(
            "8-1",
            "6@100.00",
            maker=standing(early, 2, fills="4@100.00 6@100.00"),
            taker=standing(taker, 8, fills="6@100.00"),
        ),
        trade(
            "8-2",
            "1@100.00",
            maker=standing(late, 3, fills="1@100.00"),
            taker=standing(taker, 8, fills="6@100.00 1@100.00"),
        ),
    ]
    assert events == live.apply(taker)
    assert engine_hash(loaded.engine) == engine_hash(live.engine)


@pytest.mark.parametrize(
    "command",
    [amend("2", quantity="7"), amend("2", price="99.00"), sell(quantity="3")],
    ids=["quantity", "price", "fill"],
)
def test_loaded_plain_order_is_what_one_command_made_of_it(command: Command) -> None:
    live = Exchange()
    live.apply_all(buy(), command)

    loaded = dumped_and_loaded(live.engine)

    (order,) = live.engine.live.by_key.values()
    assert [one.state() for one in loaded.live.by_key.values()] == [order.state()]


def test_loaded_engine_cancels_a_users_orders_in_order_of_sequence() -> None:
    loaded = Exchange(dumped_and_loaded(busy_exchange().engine))

    events = loaded.apply(cancel_all("ann"))

    early, late = (buy(order_id="early", user_id="ann", client_order_id="mine"), buy(order_id="late", user_id="ann"))
    assert events == [
        canceled(early, 2, "6", Reason.USER_REQUESTED, fills="4@100.00"),
        canceled(late, 3, "10", Reason.USER_REQUESTED),
    ]


def test_largest_amounts_are_traded_dumped_and_hashed_exactly() -> None:
    exchange, most = Exchange(), "10000000000"
    terms = {"symbol": "BIG", "quantity": most, "price": most}
    bid, ask = buy(order_id="b", **terms), sell(order_id="s", symbol="BIG", quantity="1", price=most)
    exchange.apply(bid)

    events = exchange.apply(ask)

    assert events[1].buy.filled_notional_e16 == 10**26
    assert engine_hash(dumped_and_loaded(exchange.engine)) == engine_hash(exchange.engine)


def test_sequence_that_does_not_rise_is_a_bug() -> None:
    exchange = busy_exchange()

    with pytest.raises(AssertionError, match="sequence 7 after 7"):
        exchange.engine.apply(buy(), 7, 100)


def test_time_that_goes_backwards_is_a_bug() -> None:
    exchange = busy_exchange()

    with pytest.raises(AssertionError, match="time 6 after 7"):
        exchange.engine.apply(buy(), 8, 6)


def exchange_with_everything() -> Exchange:
    """Make an exchange with everything that a dump must keep."""
    exchange = Exchange()
    exchange.apply_all(
        instrument(band="20", breaker="10", reference="100.00", prevention="CANCEL_OLDEST"),
        sell(quantity="20", display="5", order_id="i", user_id="bob"),
        buy(quantity="2", user_id="ann"),
        buy(stop="105.00", price="106.00", order_id="s"),
        sell(trail="5.00", order_id="t"),
        buy(price="95.00", expire_at=100, order_id="g"),
        buy(stop="100.00", price="94.00", order_id="triggered"),
        amend("g", price="96.00"),
        amend("i", display="4"),
        amend("t", trail="6.00"),
        Configure(default_lot_size_e8=5, auto_list=False, max_instruments=2),
        limits("*", position="1000"),
        DisableUser(user_id="cat"),
        instrument("MSFT"),
        session("PRE_OPEN", "MSFT"),
        buy(symbol="MSFT"),
        sell(symbol="MSFT", price="90.00"),
    )
    return exchange


@pytest.mark.parametrize(
    "command",
    [
        buy(quantity="30", user_id="eve"),
        buy(user_id="cat"),
        buy(price="81.00", user_id="bob"),
        buy(price="125.00"),
        sell(quantity="2000", price="105.00", user_id="ann"),
        sell(quantity="1000", price="105.00", user_id="bob"),
        amend("t", trail="4.00"),
        amend("i", quantity="12"),
        session("OPEN", "MSFT"),
        session("OPEN", "NEW"),
        cancel_all("bob"),
    ],
)
def test_loaded_engine_answers_any_command_as_the_dumped_one(command: Command) -> None:
    live = exchange_with_everything()
    loaded = Exchange(dumped_and_loaded(live.engine))

    assert loaded.apply(command) == live.apply(command)
    assert loaded.apply(ExpireDue(), time=100) == live.apply(ExpireDue(), time=100)
    assert engine_hash(loaded.engine) == engine_hash(live.engine)


def _lose_from_index(engine: MatchingEngine, book: OrderBook) -> None:
    del engine.live.by_key["early"]


def _miscount(engine: MatchingEngine, book: OrderBook) -> None:
    book.bids.levels[-10_000].shown_lots += 1


def _fill_unseen(engine: MatchingEngine, book: OrderBook) -> None:
    engine.live.by_key["early"].filled_lots += 1


def _turn_status_back(engine: MatchingEngine, book: OrderBook) -> None:
    engine.live.by_key["early"].status = OrderStatus.OPEN


def _cross(engine: MatchingEngine, book: OrderBook) -> None:
    book.asks.levels.clear()
    order = engine.live.by_key["far"]
    order.price_ticks = 9_000
    book.asks.add(order)


def _leave_an_empty_level(engine: MatchingEngine, book: OrderBook) -> None:
    order = engine.live.by_key["far"]
    assert order.level is not None
    order.level.unlink(order)


@pytest.mark.parametrize(
    "damage", [_lose_from_index, _miscount, _fill_unseen, _turn_status_back, _cross, _leave_an_empty_level]
)
def test_damaged_engine_fails_its_check(damage: Callable[[MatchingEngine, OrderBook], None]) -> None:
    engine = busy_exchange().engine
    check_engine(engine)

    damage(engine, engine.books["AAPL"])

    with pytest.raises(AssertionError):
        check_engine(engine)


def _hide_too_little(engine: MatchingEngine) -> None:
    order = engine.live.by_key["i"]
    asks = engine.books["AAPL"].asks
    asks.discount(order)
    order.hidden_lots -= 3
    asks.count(order)


def _miscount_what_is_hidden(engine: MatchingEngine) -> None:
    next(iter(engine.books["AAPL"].asks.levels.values())).hidden_lots -= 1


def _fill_a_waiting_stop(engine: MatchingEngine) -> None:
    engine.live.by_key["s"].remaining_lots -= 1


def _trigger_and_forget(engine: MatchingEngine) -> None:
    engine.live.by_key["t"].status = OrderStatus.OPEN


def _open_without_an_auction(engine: MatchingEngine) -> None:
    engine.books["MSFT"].state = SessionState.OPEN


@pytest.mark.parametrize(
    "damage",
    [_hide_too_little, _miscount_what_is_hidden, _fill_a_waiting_stop, _trigger_and_forget, _open_without_an_auction],
)
def test_damaged_icebergs_stops_and_sessions_fail_the_check(damage: Callable[[MatchingEngine], None]) -> None:
    engine = exchange_with_everything().engine
    check_engine(engine)

    damage(engine)

    with pytest.raises(AssertionError):
        check_engine(engine)
