"""An exchange on a disk in memory, with everything around it that a test may hold still."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Event
from time import monotonic

from order_engine.exchange.applied import Applied
from order_engine.exchange.event_bus import EventBus, Subscriber
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.recovery import Recovery
from order_engine.exchange.snapshots import SnapshotCopies
from order_engine.journal.writer import JournalWriter
from order_engine.matching.commands import Configure
from order_engine.matching.engine import RULES_VERSION
from tests.fakes.fake_disk import FakeDisk

DATA = Path("/data")
JOURNAL_ID = "0123456789abcdef0123456789abcdef"
START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000
PATIENCE_SECONDS = 30.0


class FakeClock:
    """Stands still until it is told otherwise."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.now = now_ns

    def now_ns(self) -> int:
        return self.now


@dataclass
class FakeBacklog:
    """Is as far behind as a test says."""

    lag: int = 0


class Recorder:
    """A subscriber that remembers, and lets a test wait for, what it was given."""

    def __init__(self) -> None:
        self.published: list[Applied] = []
        self._changed = Condition()

    @property
    def sequences(self) -> list[int]:
        return [applied.record.sequence for applied in self.published]

    def publish(self, applied: Applied) -> None:
        with self._changed:
            self.published.append(applied)
            self._changed.notify_all()

    def wait_for(self, sequence: int) -> None:
        """Return once a record that ends at or after ``sequence`` was published."""
        with self._changed:
            reached = self._changed.wait_for(
                lambda: bool(self.published) and self.published[-1].record.last_sequence >= sequence, PATIENCE_SECONDS
            )
        assert reached


@dataclass
class Opened:
    """An exchange that takes commands, and what it stands on."""

    exchange: Exchange
    recovery: Recovery
    journal: JournalWriter
    recorder: Recorder
    backlog: FakeBacklog
    faults: list[Exception] = field(default_factory=list)


def wait_until(reached: Callable[[], bool]) -> None:
    """Return once something is so that nothing announces; fail if that takes too long."""
    pause, deadline = Event(), monotonic() + PATIENCE_SECONDS
    while not reached():
        assert monotonic() < deadline
        pause.wait(0.002)


def recovery_on(disk: FakeDisk, copies: SnapshotCopies | None = None) -> Recovery:
    return Recovery(DATA, disk, copies)


@contextmanager
def opened(
    disk: FakeDisk,
    *,
    clock: FakeClock | None = None,
    settings: Configure | None = None,
    subscribers: tuple[Subscriber, ...] = (),
    copies: SnapshotCopies | None = None,
    journal_id: str = JOURNAL_ID,
    lag_max: int = 100,
) -> Iterator[Opened]:
    """Recover an exchange from a disk and open it; it is closed at the end, in whatever state the disk allows."""
    recovery, clock = recovery_on(disk, copies), clock or FakeClock()
    state, end, _ = recovery.latest()
    journal = JournalWriter(
        recovery.journal_directory,
        disk,
        end=end,
        journal_id=journal_id,
        rules_version=RULES_VERSION,
        clock=clock.now_ns,
    )
    backlog, recorder = FakeBacklog(), Recorder()
    exchange = Exchange(clock, backlog, lag_max)
    found = Opened(exchange, recovery, journal, recorder, backlog)

    def fail(error: Exception) -> None:
        found.faults.append(error)
        exchange.halt(error)

    exchange.open(state, journal, EventBus(journal, [recorder, *subscribers], fail), settings or Configure())
    try:
        yield found
    finally:
        exchange.close()
