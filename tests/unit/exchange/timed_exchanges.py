"""An exchange on a disk in memory, with a clock that a test moves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from order_engine.exchange.exchange import Exchange
from order_engine.exchange.recovery import Recovery
from order_engine.exchange.state import state_hash
from order_engine.exchange.timekeeper import Alarm, Timekeeper
from order_engine.exchange.timetable import NS_PER_DAY, NS_PER_SECOND
from order_engine.matching.commands import Command, Configure, ExpireDue, SessionState, SetState
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import DATA, PATIENCE_SECONDS, open_journal

MIDNIGHT_NS = 19_700 * NS_PER_DAY


def at(written: str, day: int = 0) -> int:
    """A time of a day, "09:30" or "09:30:15"."""
    hour, minute, *second = map(int, written.split(":"))
    return MIDNIGHT_NS + day * NS_PER_DAY + (hour * 3600 + minute * 60 + sum(second)) * NS_PER_SECOND


class HandClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now_ns: int) -> None:
        self.now = now_ns

    def now_ns(self) -> int:
        return self.now


class PassingTime(Alarm):
    """An event that does not wait: it advances the clock by the waiting time instead, up to an end."""

    def __init__(self, clock: HandClock, until_ns: int) -> None:
        super().__init__()
        self._clock = clock
        self._until_ns = until_ns
        self.waits: list[float | None] = []
        self.on_wait: Callable[[], object] = lambda: None

    def wait(self, seconds: float | None) -> bool:
        self.on_wait()
        self.waits.append(seconds)
        wakes_ns = self._until_ns if seconds is None else self._clock.now + round(seconds * NS_PER_SECOND)
        self._clock.now = min(wakes_ns, self._until_ns)
        return wakes_ns < self._until_ns


class CountingAlarm(Alarm):
    """Counts how often it was rung."""

    def __init__(self) -> None:
        super().__init__()
        self.rings = 0

    def ring(self) -> None:
        self.rings += 1
        super().ring()


class TimedExchange(NamedTuple):
    """The exchange, its clock, and the way to its journal."""

    exchange: Exchange
    clock: HandClock
    recovery: Recovery
    alarm: CountingAlarm

    def submit(self, *commands: Command) -> None:
        self.exchange.submit(commands)

    def pass_time(self, until_ns: int) -> list[float | None]:
        """Run the timekeeper for some time; return its waits."""
        alarm = PassingTime(self.clock, until_ns)
        timekeeper = Timekeeper(self.exchange, self.clock, alarm)
        timekeeper.start()
        timekeeper.join()
        return alarm.waits

    def state_of(self, symbol: str) -> SessionState:
        listed = self.exchange.instrument(symbol)
        assert listed is not None
        return listed.state

    def timed_commands(self) -> list[tuple[int, Command]]:
        """The journaled commands of the timekeeper, each with its time."""
        end = self.exchange.applied_sequence
        assert self.exchange.wait_visible(end, PATIENCE_SECONDS)
        history = self.recovery.history(0, end)
        return [
            (record.timestamp_ns, command)
            for record, _ in history
            for command in record.commands
            if isinstance(command, ExpireDue | SetState)
        ]

    def replayed_hash(self) -> str:
        return state_hash(self.recovery.replay(None).dump())


@contextmanager
def timed_exchange(disk: FakeDisk, clock: HandClock) -> Iterator[TimedExchange]:
    """Recover an exchange from a disk and open it."""
    recovery = Recovery(DATA, disk)
    state = recovery.latest().state
    journal = open_journal(recovery, disk, clock.now_ns)
    alarm = CountingAlarm()
    exchange = Exchange(clock, on_due_changed=alarm.ring)
    exchange.open(state, journal, Configure())
    try:
        yield TimedExchange(exchange, clock, recovery, alarm)
    finally:
        exchange.close()
