"""A clock and an uptime that a test moves, together or apart."""

from order_engine.exchange.clock_guard import ClockGuard
from tests.unit.exchange.exchanges import SECOND_NS, START_NS, FakeClock

MINUTE_NS = 60 * SECOND_NS
DAY_NS = 86_400 * SECOND_NS
YEAR_NS = 365 * DAY_NS


class WatchedClock:
    """A guard, the clock that it watches, and the uptime that it compares with."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.clock = FakeClock(now_ns)
        self.uptime = FakeClock(5 * DAY_NS)
        self.guard = ClockGuard(self.clock, self.uptime.now_ns)

    def pass_time(self, duration_ns: int) -> None:
        """Advance clock and uptime together."""
        self.clock.now += duration_ns
        self.uptime.now += duration_ns

    def jump(self, distance_ns: int) -> None:
        """Set the clock."""
        self.clock.now += distance_ns
