"""A scenario: some life of an exchange that a seed decides, with every boundary at which it could have ended.

At each step of the disk, at each commit of the database and after each answer it keeps what a crash would
find, and what clients had been told by then.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from order_engine.exchange.applied import Applied
from order_engine.exchange.errors import RetryInFlight
from order_engine.exchange.exchange import Answer
from order_engine.exchange.retention import RetentionMode
from order_engine.journal.record import Record
from order_engine.journal.writer import SyncMode
from tests.fakes.memory_database import MemoryDatabase
from tests.fakes.simulated_disk import SimulatedDisk
from tests.fakes.stepped import STEPS_MAX
from tests.simulation.venue import SimulatedVenue
from tests.simulation.workload import SYMBOLS, Request, RequestSource
from tests.unit.exchange.exchanges import SECOND_NS, START_NS, FakeClock

JUMP_NS_MAX = 3_600 * SECOND_NS


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What a crash finds, and what had been promised by then."""

    number: int
    place: str
    disk: SimulatedDisk
    commits: tuple[bytes, ...]
    commits_after_power_cut: tuple[bytes, ...]
    records: tuple[Record, ...]
    answered: tuple[tuple[Request, Applied], ...]
    waiting: tuple[Request, ...]
    told_sequence: int
    synced_sequence: int
    audited_sequence: int
    now_ns: int
    write: tuple[Path, bytes] | None = None


class Killed(BaseException):
    """The process ends here. Nothing may catch it."""


@dataclass
class Scenario:
    """Runs ``step_count`` steps. ``kills`` lets it die and start again on the way; ``keep`` is handed each moment."""

    seed: int
    database: MemoryDatabase
    keep: Callable[[Moment], None]
    step_count: int = 34
    sync: SyncMode = SyncMode.ALWAYS
    retention: RetentionMode = RetentionMode.ARCHIVE
    kills: bool = True
    disk: SimulatedDisk = field(default_factory=SimulatedDisk)
    clock: FakeClock = field(default_factory=FakeClock)
    moment_count: int = 0
    boundary_count: int = 0
    kill_count: int = 0
    told_sequence: int = 0
    synced_sequence: int = 0
    audited_sequence: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self._requests = RequestSource(self.random)
        self.venue: SimulatedVenue | None = None
        self._records: list[Record] = []
        self.answered: list[tuple[Request, Applied]] = []
        self.waiting: list[Request] = []
        self._during_sync: list[tuple[Request, Applied]] = []
        self._comes_during_sync = False
        self._boundaries_to_live: int | None = None
        self._last_seen: object = None
        self.database.restore(self.database.empty)
        self.database.watcher = lambda place: self._at(f"{place} of the database")
        self.disk.watcher = self.at_disk

    def run(self) -> None:
        """Live the whole life, and end it in good order."""
        steps = self._steps()
        for _ in range(self.step_count):
            self._survive(self.random.choice(steps))
        self._survive(lambda venue: venue.project())
        self._survive(lambda venue: venue.record())
        self._survive(self._reopen)
        self._at("the end")
        assert self.venue is not None
        self.venue.abandon()

    def now(self, place: str) -> Moment:
        """Return what a crash would find at this moment."""
        return self._moment(place, None)

    def _steps(self) -> list[Callable[[SimulatedVenue], None]]:
        steps = [self._trade] * 12 + [lambda venue: venue.project()] * 3 + [self._record] * 3
        steps += [self._take_snapshot] * 4 + [self._jump] * 2
        steps += [self._ask_again, self._ask_again, self._look, self._reopen]
        if self.sync is SyncMode.INTERVAL:
            steps += [self._sync] * 4
        if self.kills:
            steps += [self._kill_soon]
        return steps

    def _survive(self, step: Callable[[SimulatedVenue], None]) -> None:
        """Take a step, however often the process is killed meanwhile."""
        try:
            step(self._opened())
        except Killed:
            self.kill_count += 1
            if self.venue is not None:
                self.venue.abandon()
            self.venue = None
            self._during_sync.clear()
            self._comes_during_sync = False
            self.disk = self.disk.copy()
            self.disk.watcher = self.at_disk
            self.database.abandon()
            self._survive(lambda venue: None)

    def _opened(self) -> SimulatedVenue:
        if self.venue is None:
            self.venue = SimulatedVenue(
                self.disk, self.database, self.clock, self._records, self.sync, retention=self.retention
            )
            self.synced_sequence = self.venue.recovered_sequence
        return self.venue

    # The steps.

    def _trade(self, venue: SimulatedVenue) -> None:
        """Let one to four requests come at once, and perhaps another while they are being synced."""
        requests = [self._requests.draw() for _ in range(self.random.choice((1, 1, 2, 4)))]
        self._comes_during_sync = self.random.randrange(3) == 0
        self.waiting += requests
        held = [(request, venue.submit_held(request)) for request in requests[:-1]]
        self._ask_in_flight(venue, requests[:-1])
        self._note(requests[-1], venue.submit(requests[-1]))
        for request, applied in [*held, *self._during_sync]:
            assert applied is not None
            self._note(request, venue.finish(applied))
        self._during_sync.clear()
        self._comes_during_sync = False

    def _ask_in_flight(self, venue: SimulatedVenue, requests: list[Request]) -> None:
        for request in requests:
            if request.retry is not None:
                try:
                    venue.submit(request)
                except RetryInFlight:
                    continue
                raise AssertionError("a request was carried out or answered before it was durable")

    def _ask_again(self, venue: SimulatedVenue) -> None:
        """Repeat a request: unanswered ones, as a client does, and one that was answered."""
        for request in [request for request in self.waiting if request.retry is not None]:
            self._note(request, venue.submit(request))
        known = [(request, applied) for request, applied in self.answered if request.retry is not None]
        if known:
            request, applied = self.random.choice(known)
            assert venue.submit(request) == Answer(applied, replayed=True)

    def _look(self, venue: SimulatedVenue) -> None:
        depth = venue.exchange.depth(self.random.choice(SYMBOLS))
        if depth is not None:
            self.told_sequence = max(self.told_sequence, depth.sequence)

    def _record(self, venue: SimulatedVenue) -> None:
        venue.record(self.random.choice((1, STEPS_MAX)))

    def _take_snapshot(self, venue: SimulatedVenue) -> None:
        if self.random.randrange(3):
            venue.project()
            venue.record()
        venue.snapshotter.take()
        venue.retention.tend()

    def _sync(self, venue: SimulatedVenue) -> None:
        venue.journal.sync()
        self.synced_sequence = venue.journal.durable_sequence

    def _jump(self, venue: SimulatedVenue) -> None:
        """Let time pass, or jump back to where it was an hour before the start."""
        back = self.clock.now + JUMP_NS_MAX - START_NS
        self.clock.now += self.random.choice((1, SECOND_NS, 90 * SECOND_NS, -self.random.randrange(back)))

    def _reopen(self, venue: SimulatedVenue) -> None:
        venue.close()
        self.synced_sequence = venue.journal.durable_sequence
        self.venue = None
        self._jump(venue)
        self._opened()

    def _kill_soon(self, venue: SimulatedVenue) -> None:
        self._boundaries_to_live = self.random.randint(1, 25)

    # What is kept.

    def _note(self, request: Request, answer: Answer) -> None:
        self.waiting.remove(request)
        self.answered.append((request, answer.applied))
        self.told_sequence = max(self.told_sequence, answer.applied.record.last_sequence)
        self._at("after an answer")

    def at_disk(self, operation: str, path: Path, content: bytes) -> None:
        if operation == "sync" and path.suffix == ".journal" and self._comes_during_sync:
            self._come_during_sync()
        self._at(f"before {operation} of {path.name}", (path, content) if operation == "write" else None)

    def _come_during_sync(self) -> None:
        assert self.venue is not None
        self._comes_during_sync = False
        request = self._requests.draw()
        self.waiting.append(request)
        applied = self.venue.submit_held(request)
        assert applied is not None
        self._during_sync.append((request, applied))

    def _at(self, place: str, write: tuple[Path, bytes] | None = None) -> None:
        """Keep this moment, unless a crash would find the same as at the one before; perhaps die."""
        self.boundary_count += 1
        if self.venue is not None:
            self.audited_sequence = max(self.audited_sequence, self.venue.audit.durable_sequence)
        seen = (self.disk.fingerprint(), self.database.image, len(self.answered), self.told_sequence, write)
        if seen != self._last_seen:
            self._last_seen = seen
            self.moment_count += 1
            self.keep(self._moment(place, write))
        if self._boundaries_to_live is not None:
            self._boundaries_to_live -= 1
            if self._boundaries_to_live == 0:
                self._boundaries_to_live = None
                raise Killed

    def _moment(self, place: str, write: tuple[Path, bytes] | None) -> Moment:
        return Moment(
            number=self.moment_count,
            place=place,
            disk=self.disk.copy(),
            commits=tuple(self.database.commits),
            commits_after_power_cut=self.database.commits_after_power_cut,
            records=tuple(self._records),
            answered=tuple(self.answered),
            waiting=tuple(self.waiting),
            told_sequence=self.told_sequence,
            synced_sequence=self.synced_sequence,
            audited_sequence=self.audited_sequence,
            now_ns=self.clock.now,
            write=write,
        )
