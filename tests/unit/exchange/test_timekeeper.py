"""What is due by time alone happens on time, as journaled commands, and only when something is due."""

from collections.abc import Iterator

import pytest

from order_engine.exchange.errors import Unavailable
from order_engine.exchange.timekeeper import RETRY_SECONDS, SLEEP_SECONDS_MAX, Alarm, Timekeeper
from order_engine.matching.commands import (
    CancelOrder,
    ExpireDue,
    PlaceOrder,
    ScheduledState,
    SessionState,
    SetInstrument,
    SetState,
    Side,
    TimeInForce,
)
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import wait_until
from tests.unit.exchange.timed_exchanges import HandClock, PassingTime, TimedExchange, at, timed_exchange

E8 = 10**8
DAILY = SetInstrument(
    symbol="AAPL",
    schedule=(
        ScheduledState(9 * 3600, SessionState.PRE_OPEN),
        ScheduledState(9 * 3600 + 1800, SessionState.OPEN),
        ScheduledState(16 * 3600, SessionState.CLOSED),
    ),
)


@pytest.fixture
def disk() -> FakeDisk:
    return FakeDisk()


@pytest.fixture
def timed(disk: FakeDisk) -> Iterator[TimedExchange]:
    with timed_exchange(disk, HandClock(at("08:00"))) as timed:
        yield timed


def good_till(expire_at_ns: int, side: Side = Side.BUY) -> PlaceOrder:
    return PlaceOrder(
        symbol="AAPL",
        side=side,
        quantity_e8=E8,
        price_e8=100 * E8,
        time_in_force=TimeInForce.GTD,
        expire_at_ns=expire_at_ns,
    )


def good_for_the_day() -> PlaceOrder:
    return PlaceOrder(
        symbol="AAPL", side=Side.BUY, quantity_e8=E8, price_e8=100 * E8, time_in_force=TimeInForce.DAY, order_id="day"
    )


def order_count(timed: TimedExchange) -> int:
    depth = timed.exchange.depth("AAPL")
    assert depth is not None
    return sum(orders for _, _, orders in depth.bids)


def test_order_expires_at_its_time_though_nobody_comes_by(timed: TimedExchange) -> None:
    timed.submit(good_till(at("08:10")))

    timed.pass_time(at("08:09:59"))
    before = order_count(timed)
    timed.pass_time(at("08:11"))

    assert (before, order_count(timed)) == (1, 0)
    assert timed.timed_commands() == [(at("08:10"), ExpireDue())]


def test_orders_that_expire_at_different_times_do_so_one_command_each(timed: TimedExchange) -> None:
    timed.submit(good_till(at("08:20")), good_till(at("08:10")), good_till(at("08:10")))

    timed.pass_time(at("09:00"))

    assert timed.timed_commands() == [(at("08:10"), ExpireDue()), (at("08:20"), ExpireDue())]


def test_order_that_ended_before_its_time_leaves_nothing_to_do(timed: TimedExchange) -> None:
    timed.submit(good_till(at("08:10")))
    timed.submit(CancelOrder(order_id="2"))

    waits = timed.pass_time(at("09:00"))

    assert timed.timed_commands() == []
    assert waits == [None]


def test_timekeeper_sleeps_until_something_is_due(timed: TimedExchange) -> None:
    timed.submit(good_till(at("08:00:20")))

    waits = timed.pass_time(at("08:01"))

    assert waits == [20.0, None]


def test_timekeeper_looks_at_the_clock_now_and_then_while_it_waits_for_long(timed: TimedExchange) -> None:
    timed.submit(good_till(at("08:01")))

    waits = timed.pass_time(at("08:02"))

    assert waits == [SLEEP_SECONDS_MAX, SLEEP_SECONDS_MAX, None]


def test_earlier_expiry_wakes_the_timekeeper(timed: TimedExchange) -> None:
    timed.submit(good_till(at("08:30")))
    timekeeper = Timekeeper(timed.exchange, timed.clock, timed.alarm)
    timekeeper.start()

    timed.clock.now = at("08:05")
    timed.submit(good_till(at("08:10")))
    timed.clock.now = at("08:10")
    timed.alarm.ring()
    wait_until(lambda: timed.exchange.applied_sequence == 4)
    timekeeper.stop()

    assert timed.timed_commands() == [(at("08:10"), ExpireDue())]


@pytest.mark.parametrize("change", [good_till(at("08:10")), DAILY])
def test_alarm_is_rung_when_something_comes_to_be_due_sooner(timed: TimedExchange, change: PlaceOrder) -> None:
    timed.submit(good_till(at("23:00")))
    before = timed.alarm.rings

    timed.submit(change)

    assert timed.alarm.rings == before + 1


def test_sessions_follow_their_schedule_day_by_day(timed: TimedExchange) -> None:
    timed.submit(DAILY)

    timed.pass_time(at("12:00", day=1))

    assert timed.timed_commands() == [
        (at(time, day), SetState(symbol="AAPL", state=SessionState(state)))
        for time, day, state in (
            ("09:00", 0, "PRE_OPEN"),
            ("09:30", 0, "OPEN"),
            ("16:00", 0, "CLOSED"),
            ("09:00", 1, "PRE_OPEN"),
            ("09:30", 1, "OPEN"),
        )
    ]


def test_session_that_is_there_already_gets_no_command(timed: TimedExchange) -> None:
    timed.submit(DAILY, SetState(symbol="AAPL", state=SessionState.PRE_OPEN))

    timed.pass_time(at("09:10"))

    assert [time for time, _ in timed.timed_commands()] == [at("08:00")]


def test_command_that_comes_before_the_timekeeper_finds_the_scheduled_state(timed: TimedExchange) -> None:
    timed.submit(DAILY, good_for_the_day())
    timed.clock.now = at("16:00:01")

    timed.submit(CancelOrder(order_id="day"))

    assert timed.state_of("AAPL") is SessionState.CLOSED
    assert timed.timed_commands() == [(at("16:00:01"), SetState(symbol="AAPL", state=SessionState.CLOSED))]
    assert order_count(timed) == 0


def test_schedule_that_is_taken_away_is_followed_no_more(timed: TimedExchange) -> None:
    timed.submit(DAILY)
    timed.submit(SetInstrument(symbol="AAPL", schedule=()))

    assert timed.pass_time(at("20:00")) == [None]
    assert timed.timed_commands() == []


def test_restart_enters_the_latest_state_that_was_due_meanwhile_and_ends_the_day(disk: FakeDisk) -> None:
    clock = HandClock(at("12:00"))
    with timed_exchange(disk, clock) as timed:
        timed.submit(DAILY, good_for_the_day())
    clock.now = at("09:10", day=1)

    with timed_exchange(disk, clock) as timed:
        timed.pass_time(at("09:10:01", day=1))

        assert timed.state_of("AAPL") is SessionState.PRE_OPEN
        assert order_count(timed) == 0
        assert [command for _, command in timed.timed_commands()] == [
            SetState(symbol="AAPL", state=SessionState.CLOSED),
            SetState(symbol="AAPL", state=SessionState.PRE_OPEN),
        ]


def test_restart_leaves_alone_what_an_operator_set_after_the_schedule(disk: FakeDisk) -> None:
    clock = HandClock(at("08:00"))
    with timed_exchange(disk, clock) as timed:
        timed.submit(DAILY)
        timed.pass_time(at("10:00"))
        timed.submit(SetState(symbol="AAPL", state=SessionState.HALTED))
    clock.now = at("11:00")

    with timed_exchange(disk, clock) as timed:
        timed.pass_time(at("11:01"))
        halted = timed.state_of("AAPL")
        timed.pass_time(at("16:01"))

        assert halted is SessionState.HALTED
        assert timed.state_of("AAPL") is SessionState.CLOSED


def test_clock_that_was_set_back_does_not_repeat_the_day(timed: TimedExchange) -> None:
    timed.submit(DAILY)
    timed.pass_time(at("10:00"))
    timed.clock.now = at("08:00")

    timed.pass_time(at("09:45"))

    assert len(timed.timed_commands()) == 2
    assert timed.state_of("AAPL") is SessionState.OPEN


def test_halted_exchange_ends_the_timekeeper(timed: TimedExchange) -> None:
    timed.exchange.halt(OSError("the disk is full"))
    timekeeper = Timekeeper(timed.exchange, timed.clock, Alarm())

    timekeeper.start()
    timekeeper.join()

    with pytest.raises(Unavailable):
        timed.exchange.keep_time()


class FaultyOnce:
    """An exchange whose first attempt to keep time raises an unexpected error."""

    def __init__(self) -> None:
        self.asked = 0

    def keep_time(self) -> int | None:
        self.asked += 1
        if self.asked == 1:
            raise KeyError("a schedule that is not there")
        return None


def test_fault_is_logged_and_reported_and_time_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    clock, faulty = HandClock(at("08:00")), FaultyOnce()
    alarm = PassingTime(clock, at("08:01"))
    timekeeper = Timekeeper(faulty, clock, alarm)
    troubles: list[str | None] = []
    alarm.on_wait = lambda: troubles.append(timekeeper.trouble)

    timekeeper.start()
    timekeeper.join()

    assert troubles == ["KeyError: 'a schedule that is not there'", None]
    assert alarm.waits == [RETRY_SECONDS, None]
    assert "the timekeeper failed once, and goes on" in caplog.text
