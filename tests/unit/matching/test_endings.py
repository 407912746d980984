"""Orders that a command ends together: so many at a time, each once, and none forgotten."""

import pytest

from order_engine.matching.commands import CancelAll, Command, Configure, Continue, DisableUser, ExpireDue
from order_engine.matching.events import Event, OrderCanceled, OrderExpired, TradeExecuted
from order_engine.matching.reason import Reason
from tests.builders import Exchange, amend, buy, cancel, sell, session
from tests.dumps import dumped_and_loaded, engine_hash

FIVE = [f"o{number}" for number in range(1, 6)]


def bounded(*commands: Command) -> Exchange:
    exchange = Exchange()
    exchange.apply_all(Configure(trades_max=100, endings_max=2, everybody_can_be_disabled=True), *commands)
    return exchange


def five_of_ann() -> Exchange:
    return bounded(*[buy(quantity="1", order_id=name, user_id="ann") for name in FIVE])


def ended(events: list[Event]) -> list[str]:
    return [event.order.order_id for event in events if isinstance(event, OrderCanceled | OrderExpired)]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (CancelAll(user_id="ann"), Reason.USER_REQUESTED),
        (DisableUser(user_id="ann"), Reason.USER_DISABLED),
        (DisableUser(user_id="*"), Reason.USER_DISABLED),
    ],
)
def test_user_s_orders_are_ended_so_many_at_a_time_in_order_of_sequence(command: Command, reason: Reason) -> None:
    exchange = five_of_ann()

    begun = exchange.apply(command)
    begun_by = exchange.engine.sequence
    more = exchange.apply_all(*[Continue(begun_by=begun_by)] * 3)

    assert [ended(events) for events in (begun, *more)] == [["o1", "o2"], ["o3", "o4"], ["o5"], []]
    assert {event.order.reason for event in begun if isinstance(event, OrderCanceled)} == {reason}
    assert exchange.engine.left_over is None


def test_what_is_left_is_named_by_the_command_that_goes_on_with_it() -> None:
    exchange = five_of_ann()

    exchange.apply(CancelAll(user_id="ann"))

    assert exchange.engine.left_over == Continue(begun_by=exchange.engine.sequence)


def test_end_of_the_day_is_reached_so_many_orders_at_a_time() -> None:
    exchange = bounded(*[buy(order_id=name, time_in_force="DAY") for name in FIVE], buy(order_id="stays"))

    begun = exchange.apply(session("CLOSED"))
    more = exchange.apply_all(*[Continue(begun_by=exchange.engine.sequence)] * 2)

    assert [ended(events) for events in (begun, *more)] == [["o1", "o2"], ["o3", "o4"], ["o5"]]
    assert [*exchange.engine.live.by_key] == ["stays"]


def test_no_session_is_left_before_the_orders_of_its_day_are_ended() -> None:
    exchange = bounded(*[buy(order_id=name, time_in_force="DAY", price="10.00") for name in FIVE])
    exchange.apply(session("CLOSED"))

    reopened = exchange.apply(session("OPEN"))
    sale = exchange.apply(sell(price="10.00"))

    assert ended(reopened) == ["o3", "o4", "o5"]
    assert not any(isinstance(event, TradeExecuted) for event in sale)
    assert exchange.engine.left_over is None


def test_order_that_ended_meanwhile_is_passed_over_and_a_new_one_stays() -> None:
    exchange = five_of_ann()
    exchange.apply(CancelAll(user_id="ann"))
    begun_by = exchange.engine.sequence
    exchange.apply_all(cancel("o3"), buy(order_id="new", user_id="ann"), amend("o4", quantity="3"))
    loaded = Exchange(dumped_and_loaded(exchange.engine))

    for each in (exchange, loaded):
        assert ended(each.apply(Continue(begun_by=begun_by))) == ["o4", "o5"]
        assert [*each.engine.live.by_key] == ["new"]
        assert each.engine.left_over is None


def test_ending_without_anybody_left_is_over_with_its_continuation() -> None:
    exchange = five_of_ann()
    exchange.apply(CancelAll(user_id="ann"))
    begun_by = exchange.engine.sequence
    exchange.apply_all(cancel("o3"), cancel("o4"), cancel("o5"))
    loaded = Exchange(dumped_and_loaded(exchange.engine))

    for each in (exchange, loaded):
        assert each.engine.left_over == Continue(begun_by=begun_by)
        assert each.apply(Continue(begun_by=begun_by)) == []
        assert each.engine.left_over is None


def test_what_is_left_is_dumped_and_goes_on_after_the_load() -> None:
    exchange = bounded(
        *[buy(order_id=f"{name}a", user_id="ann") for name in FIVE],
        *[sell(order_id=f"{name}b", user_id="bob", time_in_force="DAY", price="999.00") for name in FIVE],
    )
    exchange.apply_all(
        CancelAll(user_id="ann", side=buy().side),
        DisableUser(user_id="bob"),
        session("CLOSED"),
        buy(order_id="nobody's", symbol="MSFT"),
        DisableUser(user_id="*"),
    )

    loaded = Exchange(dumped_and_loaded(exchange.engine))

    assert engine_hash(loaded.engine) == engine_hash(exchange.engine)
    while (left_over := exchange.engine.left_over) is not None:
        assert loaded.engine.left_over == left_over
        assert loaded.apply(left_over) == exchange.apply(left_over)
    assert engine_hash(loaded.engine) == engine_hash(exchange.engine)
    assert not exchange.engine.live.by_key


@pytest.mark.parametrize("command", [ExpireDue(), cancel("nobody's"), CancelAll(user_id="nobody"), session("HALTED")])
def test_command_that_lets_none_trade_expires_those_due_first(command: Command) -> None:
    expire_at = {"o1": 30, "o2": 20, "o3": 20, "o4": 10, "o5": 40}
    exchange = bounded(*[buy(order_id=name, expire_at=expire_at[name]) for name in FIVE])

    expired = [ended(exchange.apply(command, time=100)) for _ in range(4)]

    assert expired == [["o2", "o4"], ["o1", "o3"], ["o5"], []]


def test_command_that_could_let_it_trade_expires_all_that_is_due() -> None:
    exchange = bounded(*[buy(order_id=name, price="10.00", expire_at=20) for name in FIVE])

    events = exchange.apply(sell(price="10.00"), time=20)

    assert ended(events) == FIVE
    assert not any(isinstance(event, TradeExecuted) for event in events)


def test_command_that_gives_stops_their_turn_expires_all_that_is_due() -> None:
    exchange = bounded(
        Configure(trades_max=1, endings_max=2),
        buy(quantity="1", price="10.00"),
        sell(quantity="1", stop="10.00"),
        *[buy(order_id=name, price="9.00", expire_at=20) for name in FIVE],
        sell(quantity="1", price="10.00"),
    )

    events = exchange.apply(Continue(symbol="AAPL"), time=20)

    assert ended(events)[:5] == FIVE
    assert not any(isinstance(event, TradeExecuted) for event in events)


def test_journal_without_the_bound_replays_as_it_happened() -> None:
    exchange = Exchange()
    exchange.apply_all(*[buy(order_id=name, user_id="ann") for name in FIVE])

    assert ended(exchange.apply(CancelAll(user_id="ann"))) == FIVE
