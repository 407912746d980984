"""An exchange on a disk in memory, with a clock and a database that a test controls."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic

from order_engine.exchange.batch_time import BatchTime
from order_engine.exchange.exchange import Exchange, Submitted
from order_engine.exchange.recovery import Recovery
from order_engine.journal.committer import Committer, SyncMode
from order_engine.journal.disk import Disk
from order_engine.journal.errors import JournalFailed
from order_engine.journal.record import Record, Retry
from order_engine.journal.watermark import MemoryWatermark
from order_engine.matching.commands import Command, Configure
from order_engine.matching.engine import RULES_VERSION
from tests.fakes.fake_disk import FakeDisk

DATA = Path("/data")
JOURNAL_ID = "0123456789abcdef0123456789abcdef"
START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000
PATIENCE_SECONDS = 30.0


class FakeClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.now = now_ns

    def now_ns(self) -> int:
        return self.now


@dataclass
class FakeBacklog:
    """A database as far behind as a test sets."""

    lag: int = 0


@dataclass
class Opened:
    """An open exchange with its disk and journal. ``notes`` has the sequence that each response depends on."""

    exchange: Exchange
    recovery: Recovery
    journal: Committer
    watermark: MemoryWatermark
    backlog: FakeBacklog
    notes: list[int]
    faults: list[Exception] = field(default_factory=list)

    def carry_out(self, *commands: Command, retry: Retry | None = None) -> Submitted:
        """Submit commands, and wait until their response may be sent."""
        answer = self.exchange.submit(commands, retry)
        assert self.exchange.wait_visible(answer.applied.record.last_sequence, PATIENCE_SECONDS)
        return answer


def wait_until(reached: Callable[[], bool]) -> None:
    """Wait for a condition that nothing announces; fail if that takes too long."""
    pause, deadline = Event(), monotonic() + PATIENCE_SECONDS
    while not reached():
        assert monotonic() < deadline
        pause.wait(0.002)


def recovery_on(disk: Disk) -> Recovery:
    return Recovery(DATA, disk)


def open_journal(
    recovery: Recovery,
    disk: Disk,
    clock: Callable[[], int],
    *,
    journal_id: str = JOURNAL_ID,
    watermark: MemoryWatermark | None = None,
    sync: SyncMode = SyncMode.ALWAYS,
    on_failure: Callable[[JournalFailed], None] | None = None,
) -> Committer:
    """Open the journal at the end of a recovery, and start its thread."""
    end = recovery.latest().end
    journal = Committer(
        recovery.journal_directory,
        disk,
        end=end,
        journal_id=journal_id,
        rules_version=RULES_VERSION,
        clock=clock,
        watermark=watermark or MemoryWatermark(end.last_sequence),
        sync=sync,
        on_failure=on_failure,
    )
    journal.start()
    return journal


@contextmanager
def opened(
    disk: FakeDisk,
    *,
    clock: FakeClock | None = None,
    settings: Configure | None = None,
    journal_id: str = JOURNAL_ID,
    lag_max: int = 100,
    sync: SyncMode = SyncMode.ALWAYS,
    batch_time: BatchTime | None = None,
) -> Iterator[Opened]:
    """Recover an exchange from a disk and open it; it is closed at the end, even if the disk fails."""
    recovery, clock = recovery_on(disk), clock or FakeClock()
    state, end, _ = recovery.latest()
    backlog, notes, faults = FakeBacklog(), list[int](), list[Exception]()
    exchange = Exchange(clock, backlog=lambda: backlog.lag, lag_max=lag_max, note=notes.append, batch_time=batch_time)

    def fail(error: JournalFailed) -> None:
        faults.append(error)
        exchange.halt(error)

    watermark = MemoryWatermark(end.last_sequence)
    journal = open_journal(
        recovery, disk, clock.now_ns, journal_id=journal_id, watermark=watermark, sync=sync, on_failure=fail
    )
    exchange.open(state, journal, settings or Configure())
    try:
        yield Opened(exchange, recovery, journal, watermark, backlog, notes, faults)
    finally:
        exchange.close()


def recovered(disk: FakeDisk) -> list[Record]:
    """Every record on a disk."""
    return [applied.record for applied in recovery_on(disk).history(0, recovery_on(disk).latest().end.last_sequence)]
