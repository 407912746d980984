"""A clock that jumps stops order entry before anything is journaled; the rest goes on at the last time."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from order_engine.exchange.clock_acceptance import ClockAcceptance
from order_engine.exchange.clock_guard import CLOCK_NS_MAX, JUMP_NS_MAX
from order_engine.exchange.clock_watch import ClockWatch
from order_engine.exchange.errors import ClockJumped
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.state import state_hash
from order_engine.exchange.timekeeper import RETRY_SECONDS, Alarm, Timekeeper
from order_engine.journal.record import Retry
from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Configure,
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
from tests.unit.exchange.exchanges import PATIENCE_SECONDS, START_NS, open_journal, recovery_on
from tests.unit.exchange.watched_clocks import DAY_NS, MINUTE_NS, YEAR_NS, WatchedClock

E8 = 10**8
ORDER = PlaceOrder(symbol="AAPL", side=Side.BUY, quantity_e8=E8, price_e8=100 * E8, user_id="ann")
GTD = PlaceOrder(
    symbol="AAPL",
    side=Side.BUY,
    quantity_e8=E8,
    price_e8=99 * E8,
    time_in_force=TimeInForce.GTD,
    expire_at_ns=START_NS + DAY_NS,
)
AMEND = AmendOrder(order_id="2", quantity_e8=2 * E8)
SCHEDULE = SetInstrument(symbol="TSLA", schedule=(ScheduledState(0, SessionState.HALTED),))
RETRY = Retry(scope="scope", key="key", fingerprint="fingerprint")


class Jumping(NamedTuple):
    """An exchange whose clock a test sets."""

    exchange: Exchange
    watched: WatchedClock
    disk: FakeDisk

    def submit(self, *commands: Command) -> int:
        """Carry out commands and return the time that was stamped on them."""
        return self.exchange.submit(commands).applied.record.timestamp_ns

    def refuses(self, *commands: Command) -> bool:
        """Return whether the commands are refused because of the clock, and not journaled."""
        before = self.exchange.applied_sequence
        try:
            self.exchange.submit(commands)
        except ClockJumped:
            return self.exchange.applied_sequence == before
        return False

    def journaled(self) -> list[tuple[int, Command]]:
        """List the journal's records, each with its time."""
        end = self.exchange.applied_sequence
        assert self.exchange.wait_visible(end, PATIENCE_SECONDS)
        history = recovery_on(self.disk).history(0, end)
        return [(record.timestamp_ns, command) for record, _ in history for command in record.commands]


@contextmanager
def jumping(disk: FakeDisk, watched: WatchedClock, *, accepts: bool = False) -> Iterator[Jumping]:
    """Start an exchange as a venue does."""
    recovery = recovery_on(disk)
    state = recovery.latest().state
    journal = open_journal(recovery, disk, watched.clock.now_ns)
    exchange = Exchange(watched.guard)
    watched.guard.begin(state.engine.timestamp_ns, accepts=accepts)
    exchange.open(state, journal, Configure())
    try:
        yield Jumping(exchange, watched, disk)
    finally:
        exchange.close()


@pytest.fixture
def started() -> Iterator[Jumping]:
    """An exchange with an order and one that ends in a day, both on time."""
    with jumping(FakeDisk(), WatchedClock()) as started:
        started.submit(ORDER)
        started.submit(GTD, SCHEDULE)
        yield started


@pytest.mark.parametrize("distance_ns", [80 * YEAR_NS, 400 * YEAR_NS, JUMP_NS_MAX + 1, -JUMP_NS_MAX - 1, -YEAR_NS])
def test_jump_refuses_orders_and_amends_before_anything_is_journaled(started: Jumping, distance_ns: int) -> None:
    before = started.journaled()

    started.watched.jump(distance_ns)

    assert started.refuses(ORDER)
    assert started.refuses(AMEND)
    assert started.refuses(ORDER, GTD)
    assert started.refuses(CancelOrder(order_id="2"), ORDER)
    assert started.journaled() == before


def test_cancels_and_halts_go_on_at_the_last_time(started: Jumping) -> None:
    started.watched.pass_time(MINUTE_NS)
    last_ns = started.submit(ORDER)
    started.watched.jump(80 * YEAR_NS)

    times = [
        started.submit(CancelOrder(order_id="2")),
        started.submit(CancelAll(user_id="ann")),
        started.submit(SetState(symbol="AAPL", state=SessionState.HALTED)),
    ]

    assert times == [last_ns] * 3
    assert started.exchange.live_order("3") is not None, "an order that ends in a day must not have expired"


def test_one_order_after_a_jump_of_eighty_years_does_not_expire_the_others(started: Jumping) -> None:
    started.watched.jump(80 * YEAR_NS)
    assert started.refuses(ORDER)
    started.watched.jump(-80 * YEAR_NS)
    started.watched.pass_time(MINUTE_NS)

    assert started.submit(ORDER) == START_NS + MINUTE_NS
    assert started.exchange.live_order("3") is not None


def test_time_is_not_kept_by_a_clock_that_jumped(started: Jumping) -> None:
    before = started.journaled()
    started.watched.jump(2 * DAY_NS)

    with pytest.raises(ClockJumped):
        started.exchange.keep_time()

    assert started.journaled() == before


def test_timekeeper_goes_on_once_the_clock_was_accepted(started: Jumping) -> None:
    started.watched.jump(2 * DAY_NS)
    alarm = WaitingAlarm(started)

    timekeeper = Timekeeper(started.exchange, started.watched.clock, alarm)
    timekeeper.start()
    timekeeper.join()

    assert alarm.waits[0] == RETRY_SECONDS
    assert timekeeper.trouble is None
    due = [command for _, command in started.journaled() if isinstance(command, ExpireDue | SetState)]
    assert due == [SetState(symbol="TSLA", state=SessionState.HALTED)]
    assert started.exchange.live_order("3") is None, "it expired before that command, as its time has passed"


class WaitingAlarm(Alarm):
    """Has the operator accept the clock at the first wait, and ends the timekeeper at the second."""

    def __init__(self, started: Jumping) -> None:
        super().__init__()
        self._started = started
        self.waits: list[float | None] = []

    def wait(self, seconds: float | None) -> bool:
        self.waits.append(seconds)
        if len(self.waits) == 1:
            self._started.watched.guard.accept()
        return len(self.waits) < 2


def test_order_that_was_answered_before_the_jump_is_answered_again(started: Jumping) -> None:
    first = started.exchange.submit([ORDER], RETRY)
    started.watched.jump(80 * YEAR_NS)

    again = started.exchange.submit([ORDER], RETRY)

    assert again.replayed
    assert again.applied.events == first.applied.events


def test_accepted_clock_is_the_time_from_then_on(started: Jumping) -> None:
    started.watched.jump(2 * DAY_NS)
    assert started.refuses(ORDER)

    started.watched.guard.accept()

    assert started.submit(ORDER) == START_NS + 2 * DAY_NS


def test_clock_that_was_accepted_a_year_back_leaves_the_time_standing_still(started: Jumping) -> None:
    started.watched.jump(-YEAR_NS)
    started.watched.guard.accept()

    assert started.submit(ORDER) == START_NS


def test_journal_of_a_jump_replays_to_the_same_state(started: Jumping) -> None:
    started.watched.jump(80 * YEAR_NS)
    started.submit(CancelOrder(order_id="2"))
    started.watched.guard.accept()
    started.exchange.keep_time()
    started.submit(ORDER)
    started.journaled()

    state = started.exchange.close()

    assert state is not None
    assert state_hash(recovery_on(started.disk).replay(None).dump()) == state_hash(state.dump())


def test_start_with_a_clock_beyond_2262_takes_no_order_and_leaves_a_journal_that_starts() -> None:
    disk, watched = FakeDisk(), WatchedClock(CLOCK_NS_MAX + YEAR_NS)
    with jumping(disk, watched) as started:
        assert started.refuses(ORDER)
    watched.clock.now = START_NS

    with jumping(disk, watched) as started:
        assert started.submit(ORDER) == START_NS


def test_start_long_after_the_last_record_takes_no_order_until_it_is_accepted() -> None:
    disk, watched = FakeDisk(), WatchedClock()
    with jumping(disk, watched) as started:
        started.submit(ORDER)
    watched.pass_time(31 * DAY_NS)

    with jumping(disk, watched) as started:
        assert started.refuses(ORDER)
        assert started.submit(CancelOrder(order_id="2")) == START_NS
    with jumping(disk, watched, accepts=True) as started:
        assert started.submit(ORDER) == START_NS + 31 * DAY_NS


def test_settings_that_change_at_such_a_start_are_stamped_with_the_last_time() -> None:
    disk, watched = FakeDisk(), WatchedClock()
    with jumping(disk, watched) as started:
        started.submit(ORDER)
    watched.pass_time(31 * DAY_NS)
    recovery = recovery_on(disk)
    state, journal = recovery.latest().state, open_journal(recovery, disk, watched.clock.now_ns)
    exchange = Exchange(watched.guard)
    watched.guard.begin(START_NS)

    exchange.open(state, journal, Configure(auto_list=False))

    assert Jumping(exchange, watched, disk).journaled()[-1] == (START_NS, Configure(auto_list=False))
    exchange.close()


def test_watch_hands_on_what_the_operator_accepted(started: Jumping, tmp_path: Path) -> None:
    acceptance = ClockAcceptance(tmp_path)
    watch = ClockWatch(started.watched.guard, acceptance)
    started.watched.jump(YEAR_NS)
    watch.step()
    assert started.refuses(ORDER)

    acceptance.give(started.watched.clock.now)
    started.watched.pass_time(MINUTE_NS)
    watch.step()

    assert not acceptance.is_waiting
    assert started.submit(ORDER) == START_NS + YEAR_NS + MINUTE_NS


def test_watch_logs_a_jump_once_and_its_end(started: Jumping, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    watch = ClockWatch(started.watched.guard, ClockAcceptance(tmp_path))
    for distance_ns in (YEAR_NS, 0, 0, -YEAR_NS, 0):
        started.watched.jump(distance_ns)
        watch.step()

    assert [(record.levelno, record.message.split(":")[0]) for record in caplog.records] == [
        (logging.ERROR, "The clock jumped"),
        (logging.WARNING, "the clock is believed again"),
    ]


def test_watch_leaves_alone_what_was_accepted_for_another_jump(started: Jumping, tmp_path: Path) -> None:
    acceptance = ClockAcceptance(tmp_path)
    watch = ClockWatch(started.watched.guard, acceptance)
    acceptance.give(START_NS)
    watch.step()
    started.watched.jump(YEAR_NS)

    watch.step()

    assert acceptance.is_waiting
    assert started.refuses(ORDER)


@pytest.mark.parametrize("content", [b"", b"yes\n", b"-1\n", b"\xff" * 100])
def test_acceptance_that_is_no_time_accepts_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "accept-clock").write_bytes(content)

    assert not ClockAcceptance(tmp_path).covers(START_NS)


def test_acceptance_is_for_its_owner_alone_and_follows_no_link(tmp_path: Path) -> None:
    acceptance = ClockAcceptance(tmp_path)
    target = tmp_path / "target"
    target.write_text(str(START_NS))
    (tmp_path / "accept-clock").symlink_to(target)
    assert not acceptance.covers(START_NS)

    acceptance.give(START_NS + 1)

    assert target.read_text() == str(START_NS)
    assert acceptance.covers(START_NS)
    assert (tmp_path / "accept-clock").stat().st_mode & 0o777 == 0o600
