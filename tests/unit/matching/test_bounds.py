"""The bounds of a record: what is cut, which stops keep their turn, and that nothing is lost."""

import pytest

from order_engine.matching.commands import CancelAll, Command, Configure, Continue
from order_engine.matching.events import (
    Event,
    InstrumentListed,
    InstrumentRejected,
    OrderExpired,
    OrderTriggered,
    TradeExecuted,
)
from order_engine.matching.reason import Reason
from tests.builders import SYMBOL, Exchange, buy, cancel, canceled, instrument, sell, session
from tests.dumps import dumped_and_loaded, engine_hash


def bounded(trades_max: int = 1) -> Exchange:
    """Make an exchange with bids at 10.00, 9.00 and so on, each of 1."""
    exchange = Exchange()
    exchange.apply(Configure(trades_max=trades_max, admins_list_beyond_max=True, max_instruments=1))
    for price in range(10, 2, -1):
        exchange.apply(buy(quantity="1", price=f"{price}.00"))
    return exchange


def sell_one(exchange: Exchange) -> list[Event]:
    return exchange.apply(sell(quantity="1", price="10.00"))


def activated(events: list[Event]) -> list[str]:
    return [event.order.order_id for event in events if isinstance(event, OrderTriggered)]


def trades(events: list[Event]) -> int:
    return sum(isinstance(event, TradeExecuted) for event in events)


def with_three_in_turn() -> Exchange:
    """Make an exchange in which the stops s1, s2 and s3, a trailing one, have triggered, and none has had its turn."""
    exchange = bounded()
    exchange.apply_all(
        sell(quantity="1", stop="10.00", order_id="s1", user_id="ann"),
        sell(quantity="1", stop="10.00", order_id="s2", user_id="bob"),
        sell(quantity="1", stop="10.00", order_id="s3", user_id="ann", expire_at=1_000),
    )
    assert activated(sell_one(exchange)) == []
    return exchange


def test_each_command_for_the_instrument_gives_as_many_stops_their_turn_as_the_bound_allows() -> None:
    exchange = with_three_in_turn()

    said = exchange.apply_all(*[Continue(symbol=SYMBOL)] * 4)

    assert [activated(events) for events in said] == [["s1"], ["s2"], ["s3"], []]
    assert exchange.engine.unfinished is None


def test_continue_without_anybody_in_turn_does_nothing() -> None:
    assert bounded().apply_all(Continue(symbol=SYMBOL), Continue(symbol="NONE")) == [[], []]


@pytest.mark.parametrize(
    "command",
    [
        cancel("s3"),
        instrument(band="50"),
        CancelAll(user_id="nobody", symbol=SYMBOL),
        buy(quantity="1", price="1.00"),
        session("OPEN"),
    ],
)
def test_command_that_names_the_instrument_comes_after_the_turn_of_a_stop(command: Command) -> None:
    exchange = with_three_in_turn()

    assert activated(exchange.apply(command)) == ["s1"]


@pytest.mark.parametrize("command", [CancelAll(user_id="nobody"), cancel("none"), buy(symbol="OTHER")])
def test_command_that_does_not_name_the_instrument_gives_nobody_a_turn(command: Command) -> None:
    exchange = with_three_in_turn()

    assert activated(exchange.apply(command)) == []
    assert exchange.engine.unfinished == SYMBOL


def test_order_that_comes_after_stops_used_up_the_bound_is_ended_only_if_it_would_trade() -> None:
    exchange = with_three_in_turn()
    crossing, resting = sell(quantity="1", price="1.00", order_id="x"), sell(quantity="1", price="50.00", order_id="y")

    events = exchange.apply(crossing)
    exchange.apply(resting)

    assert events[-1] == canceled(crossing, exchange.engine.sequence - 1, "1", Reason.TRADE_LIMIT)
    assert "y" in exchange.engine.live.by_key


def test_stop_may_be_canceled_or_expire_before_its_turn() -> None:
    exchange = with_three_in_turn()
    canceled_events = exchange.apply(CancelAll(user_id="bob"))
    expiring = exchange.apply(Continue(symbol=SYMBOL), time=1_000)

    assert len(canceled_events) == 1
    assert isinstance(expiring[0], OrderExpired)
    assert expiring[0].order.order_id == "s3"
    assert activated(expiring) == ["s1"]
    assert exchange.engine.unfinished is None


@pytest.mark.parametrize("state", ["HALTED", "PRE_OPEN", "CLOSED"])
def test_leaving_open_ends_all_turns_and_the_price_decides_anew(state: str) -> None:
    exchange = with_three_in_turn()

    exchange.apply(session(state))
    exchange.engine.books[SYMBOL].last_trade_price_e8 = 1_100_000_000
    reopened = exchange.apply(session("OPEN"))

    assert activated(reopened) == []
    assert exchange.engine.unfinished is None


def test_trailing_stops_are_dumped_with_the_prices_that_they_followed_untouched() -> None:
    exchange = bounded(trades_max=2)
    exchange.apply_all(
        buy(quantity="1", price="20.00"),
        sell(quantity="1", price="20.00"),
        sell(quantity="1", trail="10.00", order_id="t1"),
        sell(quantity="3", price="30.00"),
        buy(quantity="1", stop="10.00", order_id="b1"),
    )

    exchange.apply(sell(quantity="1", trail="1.00", order_id="t2"))
    loaded = dumped_and_loaded(exchange.engine)

    assert exchange.engine.live.by_key["t1"].state().stop_price_e8 == 2_000_000_000
    for order_id in ("t1", "t2"):
        assert loaded.live.by_key[order_id].state() == exchange.engine.live.by_key[order_id].state()


def test_turns_are_dumped_and_go_on_after_the_load() -> None:
    exchange = with_three_in_turn()

    loaded = Exchange(dumped_and_loaded(exchange.engine))

    assert engine_hash(loaded.engine) == engine_hash(exchange.engine)
    for _ in range(4):
        assert loaded.apply(Continue(symbol=SYMBOL)) == exchange.apply(Continue(symbol=SYMBOL))
    assert engine_hash(loaded.engine) == engine_hash(exchange.engine)


def test_auction_is_not_cut_and_its_trades_count_for_the_stops_behind_it() -> None:
    exchange = bounded(trades_max=2)
    exchange.apply_all(session("PRE_OPEN"), sell(quantity="1", stop="20.00", order_id="s1"))
    exchange.apply_all(*[sell(quantity="1", price="6.00") for _ in range(3)])

    opened = exchange.apply(session("OPEN"))

    assert trades(opened) == 3
    assert activated(opened) == []
    assert activated(exchange.apply(Continue(symbol=SYMBOL))) == ["s1"]


def test_batch_ends_where_its_bound_is_reached() -> None:
    exchange = bounded(trades_max=2)
    one = sell(quantity="1", price="1.00")

    said = exchange.engine.apply_record([one, one, one, one], exchange.engine.sequence + 1, 100)
    alone = exchange.engine.apply_record([one, one], exchange.engine.sequence + 1, 100)

    assert [trades(events) for events in said] == [1, 1]
    assert [trades(events) for events in alone] == [1, 1]


@pytest.mark.parametrize(("trades_max", "is_filled"), [(4, False), (5, True)])
def test_fok_counts_each_slice_and_each_order_as_a_trade(trades_max: int, is_filled: bool) -> None:
    exchange = Exchange()
    exchange.apply_all(
        Configure(trades_max=trades_max),
        sell(quantity="3", price="10.00", display="1"),
        sell(quantity="1", price="11.00"),
        sell(quantity="1", price="11.00"),
    )

    events = exchange.apply(buy(quantity="5", price="11.00", time_in_force="FOK"))

    assert trades(events) == (5 if is_filled else 0)


@pytest.mark.parametrize(("trades_max", "is_filled"), [(3, False), (4, True)])
def test_fok_goes_round_the_slices_of_a_level_that_it_does_not_need_whole(trades_max: int, is_filled: bool) -> None:
    exchange = Exchange()
    exchange.apply_all(
        Configure(trades_max=trades_max),
        sell(quantity="9", price="10.00", display="1"),
        sell(quantity="9", price="10.00", display="2"),
    )

    events = exchange.apply(buy(quantity="6", price="11.00", time_in_force="FOK"))

    assert trades(events) == (4 if is_filled else 0)


def test_admin_lists_beyond_the_bound_of_orders_and_an_order_does_not() -> None:
    exchange = bounded()

    by_order, by_state = exchange.apply_all(buy(symbol="B"), session("OPEN", "C"))
    by_admin = exchange.apply(instrument("D"))

    assert by_order[0].order.reason is by_state[0].reason is Reason.UNKNOWN_SYMBOL
    assert isinstance(by_admin[0], InstrumentListed)


def test_journal_without_bounds_replays_as_it_happened() -> None:
    exchange = Exchange()
    exchange.apply_all(Configure(max_instruments=1), *[buy(quantity="1", price="10.00") for _ in range(300)])

    events = exchange.apply(sell(quantity="300", price="10.00"))
    iceberg = exchange.apply(sell(quantity="10000", price="11.00", display="1"))

    assert trades(events) == 300
    assert len(iceberg) == 1
    assert isinstance(exchange.apply(instrument("D"))[0], InstrumentRejected)
