"""The guard tells the time while the clock agrees with the uptime, and refuses when it does not."""

import pytest

from order_engine.exchange.clock import SystemClock, uptime_ns
from order_engine.exchange.clock_guard import CLOCK_NS_MAX, JUMP_NS_MAX, START_AHEAD_NS_MAX, ClockGuard
from order_engine.exchange.errors import ClockJumped, Unavailable
from order_engine.wire.timestamps import TIMESTAMP_NS_MAX
from tests.unit.exchange.exchanges import START_NS
from tests.unit.exchange.watched_clocks import DAY_NS, MINUTE_NS, YEAR_NS, WatchedClock

DISTANCES = (80 * YEAR_NS, JUMP_NS_MAX + 1, -JUMP_NS_MAX - 1, -YEAR_NS)


@pytest.fixture
def watched() -> WatchedClock:
    watched = WatchedClock()
    watched.guard.begin(START_NS)
    assert watched.guard.now_ns() == START_NS
    return watched


def test_time_that_passes_is_told(watched: WatchedClock) -> None:
    for duration_ns in (1, MINUTE_NS, 40 * DAY_NS, 3 * YEAR_NS):
        watched.pass_time(duration_ns)

        assert watched.guard.now_ns() == watched.clock.now
    assert watched.guard.trouble is None


@pytest.mark.parametrize("distance_ns", [JUMP_NS_MAX, -JUMP_NS_MAX])
def test_clock_that_is_corrected_by_little_is_believed_again_and_again(watched: WatchedClock, distance_ns: int) -> None:
    for _ in range(5):
        watched.jump(distance_ns)

        assert watched.guard.now_ns() == watched.clock.now


@pytest.mark.parametrize("distance_ns", DISTANCES)
def test_clock_that_jumps_is_not_believed_until_it_is_right_again(watched: WatchedClock, distance_ns: int) -> None:
    watched.jump(distance_ns)

    for _ in range(3):
        watched.pass_time(MINUTE_NS)
        with pytest.raises(ClockJumped) as refused:
            watched.guard.now_ns()
        assert refused.value.time_ns == watched.clock.now
        assert watched.guard.trouble == str(refused.value)

    watched.jump(-distance_ns)
    assert watched.guard.trouble is None
    assert watched.guard.now_ns() == START_NS + 3 * MINUTE_NS


def test_complaint_names_what_was_expected_what_was_found_and_the_ways_out(watched: WatchedClock) -> None:
    watched.jump(80 * YEAR_NS)

    with pytest.raises(Unavailable) as refused:
        watched.guard.now_ns()

    said = str(refused.value)
    assert "expected a time at most 300 s from 2023-11-14T22:13:20.000000Z, found 2103-10-26T22:13:20" in said
    for way_out in ("POST /admin/clock", "clock accept", "ACCEPT_CLOCK=true"):
        assert way_out in said


@pytest.mark.parametrize("distance_ns", DISTANCES)
def test_clock_that_is_accepted_is_believed_and_watched_from_there(watched: WatchedClock, distance_ns: int) -> None:
    watched.jump(distance_ns)

    assert watched.guard.accept() == START_NS + distance_ns

    watched.pass_time(MINUTE_NS)
    assert watched.guard.now_ns() == watched.clock.now
    watched.jump(YEAR_NS)
    with pytest.raises(ClockJumped):
        watched.guard.now_ns()


@pytest.mark.parametrize("accepts", [False, True])
def test_clock_beyond_2262_is_never_believed(accepts: bool) -> None:
    watched = WatchedClock(CLOCK_NS_MAX + 1)
    watched.guard.begin(0, accepts=accepts)

    with pytest.raises(ClockJumped, match=r"up to 2262-01-01T00:00:00\.000000Z.* cannot be accepted"):
        watched.guard.now_ns()
    with pytest.raises(ClockJumped):
        watched.guard.accept()
    assert watched.guard.trouble is not None

    watched.clock.now = START_NS
    assert watched.guard.now_ns() == START_NS


def test_start_at_most_thirty_days_after_the_last_record_is_believed() -> None:
    watched = WatchedClock()
    watched.guard.begin(START_NS - START_AHEAD_NS_MAX)

    assert watched.guard.now_ns() == START_NS
    watched.jump(JUMP_NS_MAX + 1)
    with pytest.raises(ClockJumped):
        watched.guard.now_ns()


def test_start_later_than_that_is_not_believed_until_the_clock_is_right() -> None:
    watched = WatchedClock()
    watched.guard.begin(START_NS - START_AHEAD_NS_MAX - 1)

    with pytest.raises(ClockJumped, match="at most 2592000 s from"):
        watched.guard.now_ns()
    watched.jump(-1)
    assert watched.guard.now_ns() == START_NS - 1


def test_start_later_than_that_is_believed_if_it_was_accepted_or_there_is_no_record() -> None:
    for last_record_ns, accepts in ((START_NS - 80 * YEAR_NS, True), (0, False)):
        watched = WatchedClock()
        watched.guard.begin(last_record_ns, accepts=accepts)

        assert watched.guard.now_ns() == START_NS
        watched.jump(YEAR_NS)
        with pytest.raises(ClockJumped):
            watched.guard.now_ns()


def test_start_before_the_last_record_is_believed() -> None:
    watched = WatchedClock()
    watched.guard.begin(START_NS + YEAR_NS)

    assert watched.guard.now_ns() == START_NS


def test_clock_of_the_system_goes_with_its_uptime() -> None:
    guard = ClockGuard(SystemClock(), uptime_ns)

    before = guard.now_ns()

    assert before <= guard.now_ns()
    assert guard.trouble is None


def test_clock_of_the_system_beyond_what_can_be_counted_is_the_last_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def overflow() -> int:
        raise OverflowError("timestamp too large to convert to C PyTime_t")

    monkeypatch.setattr("time.time_ns", overflow)

    assert SystemClock().now_ns() == TIMESTAMP_NS_MAX
