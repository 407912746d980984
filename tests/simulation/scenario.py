"""A scenario: a run of an exchange and its followers from a seed, with every boundary where it could crash.

At each step of the disk, at each commit of the database and after each response it keeps what a crash would find, and
what clients were promised by then. Between two steps of one party the other may take some of its own. A follower can
be killed at any of its boundaries while the exchange goes on.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import NamedTuple

from order_engine.exchange.applied import Applied
from order_engine.exchange.errors import NotReady, ServiceError, SnapshotError
from order_engine.exchange.exchange import Submitted
from order_engine.exchange.retention import RetentionMode
from order_engine.followers.progress import AUDIT, SQL
from order_engine.journal.committer import SyncMode
from order_engine.journal.errors import JournalError
from order_engine.journal.record import Record
from tests.fakes.fake_clock import SECOND_NS, START_NS, FakeClock
from tests.fakes.memory_database import MemoryDatabase
from tests.fakes.simulated_disk import SimulatedDisk
from tests.simulation.venue import SimulatedVenue
from tests.simulation.workload import SYMBOLS, Request, RequestSource, is_told_again

JUMP_NS_MAX = 3_600 * SECOND_NS
MEANWHILE_ONE_IN = 6


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What a crash finds, and what was promised by then."""

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
    covered: dict[str, int]
    now_ns: int
    write: tuple[Path, bytes] | None = None


class Killed(BaseException):
    """The process ends here. Nothing may catch it."""


class FollowerKilled(BaseException):
    """The followers' process ends here; the exchange goes on."""


class Party(StrEnum):
    """The party that works now."""

    EXCHANGE = "exchange"
    FOLLOWERS = "followers"


class Parked(NamedTuple):
    """A response that waits until its sequence is visible; without a request it is a read of a book."""

    sequence: int
    request: Request | None
    applied: Applied | None


@dataclass
class Scenario:
    """Runs ``step_count`` steps. ``kills`` lets it be killed and started again; ``keep`` gets each moment.

    With ``follower_dies_at`` the followers are killed at that boundary only.
    """

    seed: int
    database: MemoryDatabase
    keep: Callable[[Moment], None]
    step_count: int = 30
    sync: SyncMode = SyncMode.ALWAYS
    retention: RetentionMode = RetentionMode.ARCHIVE
    kills: bool = True
    follower_dies_at: int | None = None
    follower_may_fail: bool = False
    disk: SimulatedDisk = field(default_factory=SimulatedDisk)
    clock: FakeClock = field(default_factory=FakeClock)
    moment_count: int = 0
    told_sequence: int = 0
    synced_sequence: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self._requests = RequestSource(self.random)
        self.figures: Counter[str] = Counter()
        self.venue: SimulatedVenue | None = None
        self._records: list[Record] = []
        self.answered: list[tuple[Request, Applied]] = []
        self.waiting: list[Request] = []
        self._parked: list[Parked] = []
        self._covered = {SQL: 0, AUDIT: 0}
        self._at_work: list[Party] = []
        self._boundaries_to_live: int | None = None
        self._follower_boundaries_to_live: int | None = self.follower_dies_at
        self._last_seen: object = None
        self.database.restore(self.database.empty)
        self.database.watcher = lambda place: self._at(f"{place} of the database")
        self.disk.watcher = self.at_disk

    def run(self) -> None:
        """Run all steps, and stop in good order."""
        steps = self._steps()
        for _ in range(self.step_count):
            self._survive(self.random.choice(steps))
        self._survive(self._settle)
        self._survive(self._reopen)
        self._at("the end")
        assert self.venue is not None
        self.venue.abandon()

    def now(self, place: str) -> Moment:
        """Return what a crash would find at this moment."""
        return self._moment(place, None)

    def _steps(self) -> list[Callable[[SimulatedVenue], None]]:
        steps = [self._trade] * 12 + [self._follow] * 5 + [self._settle] * 2
        steps += [self._want_snapshot] * 4 + [self._retire] * 3 + [self._jump] * 2
        steps += [self._ask_again, self._ask_again, self._look, self._keep_time, self._reopen]
        if self.sync is SyncMode.INTERVAL:
            steps += [self._sync] * 4
        if self.kills:
            steps += [self._kill_soon] + [self._kill_followers_soon] * 2
        return steps

    def _survive(self, step: Callable[[SimulatedVenue], None]) -> None:
        """Do a step, even if the process is killed meanwhile."""
        try:
            with _Working(self._at_work, Party.EXCHANGE):
                step(self._opened())
        except Killed:
            self.figures["exchange and followers killed on the way"] += 1
            if self.venue is not None:
                self.venue.abandon()
            self.venue = None
            self._parked.clear()
            self.disk = self.disk.copy()
            self.disk.watcher = self.at_disk
            self.database.abandon()
            self._survive(lambda venue: None)

    def _opened(self) -> SimulatedVenue:
        if self.venue is None:
            self.venue = SimulatedVenue(
                self.disk,
                self.database,
                self.clock,
                self._records,
                self.sync,
                retention=self.retention,
                on_commit=self._tell,
            )
            self.venue.followers.behave(self.random)
            self.synced_sequence = self.venue.recovered_sequence
        return self.venue

    # The steps.

    def _trade(self, venue: SimulatedVenue) -> None:
        """Send one to four requests before the next commit; some are repeated meanwhile."""
        for _ in range(self.random.choice((1, 1, 2, 4))):
            request = self._requests.draw()
            self.waiting.append(request)
            answer = self._submit(venue, request)
            if request.retry is not None and self.random.randrange(3) == 0:
                again = self._submit(venue, request)
                assert is_told_again(again, answer.applied)
        if self.random.randrange(5):
            venue.commit()

    def _ask_again(self, venue: SimulatedVenue) -> None:
        """Repeat requests without a response, as a client does, and one with a response."""
        for request in [request for request in self.waiting if request.retry is not None]:
            self._submit(venue, request)
        known = [(request, applied) for request, applied in self.answered if request.retry is not None]
        if known:
            request, applied = self.random.choice(known)
            assert is_told_again(venue.submit_parked(request), applied)
            assert venue.noted_sequence <= venue.journal.visible_sequence
        venue.commit()

    def _keep_time(self, venue: SimulatedVenue) -> None:
        """Let the exchange do what is due, such as going on with what a command left."""
        venue.exchange.keep_time()
        if self.random.randrange(2):
            venue.commit()

    def _look(self, venue: SimulatedVenue) -> None:
        venue.noted_sequence = 0
        venue.exchange.depth(self.random.choice(SYMBOLS))
        self._parked.append(Parked(venue.noted_sequence, None, None))
        self._tell()

    def _follow(self, venue: SimulatedVenue) -> None:
        """Let the followers take some steps."""
        for _ in range(self.random.choice((1, 2, 4))):
            self._followers_do(lambda: venue.followers.step())

    def _settle(self, venue: SimulatedVenue) -> None:
        """Let the followers, and dumps that outlived one, finish their work."""
        venue.commit()
        while not self._followers_do(venue.followers.settle):
            pass

    def _want_snapshot(self, venue: SimulatedVenue) -> None:
        venue.followers.want_snapshot(venue.exchange.sync())
        self.synced_sequence = venue.journal.synced_sequence
        self._follow(venue)

    def _retire(self, venue: SimulatedVenue) -> None:
        venue.retention.tend()

    def _sync(self, venue: SimulatedVenue) -> None:
        self.synced_sequence = venue.exchange.sync()

    def _jump(self, venue: SimulatedVenue) -> None:
        """Let time pass, or jump back to an hour before the start."""
        back = self.clock.now + JUMP_NS_MAX - START_NS
        self.clock.now += self.random.choice((1, SECOND_NS, 90 * SECOND_NS, -self.random.randrange(back)))

    def _reopen(self, venue: SimulatedVenue) -> None:
        """Stop in good order and start again; the followers may be too slow for the grace."""
        venue.exchange.close()
        # If the last commit failed, what still waits for it was answered 503: nobody knows whether it was carried out.
        self._parked.clear()
        self.synced_sequence = venue.journal.synced_sequence
        if self.random.randrange(3):
            venue.followers.want_snapshot(self.synced_sequence)
            while not self._followers_do(venue.followers.settle):
                pass
        venue.followers.end()
        venue.retention.tend()
        self.venue = None
        self._jump(venue)
        self._opened()

    def _kill_soon(self, venue: SimulatedVenue) -> None:
        self._boundaries_to_live = self.random.randint(1, 25)

    def _kill_followers_soon(self, venue: SimulatedVenue) -> None:
        self._follower_boundaries_to_live = self.random.randint(1, 12)
        self._follow(venue)

    # The parties.

    def _followers_do(self, work: Callable[[], object]) -> bool:
        """Let the followers work; return False if they were killed, which the exchange does not notice."""
        assert self.venue is not None
        followers = self.venue.followers
        try:
            with _Working(self._at_work, Party.FOLLOWERS):
                work()
                if followers.orphans and self.random.randrange(2):
                    followers.finish_orphans()
        except FollowerKilled:
            self.figures["followers killed while the exchange lived on"] += 1
        except (OSError, JournalError, SnapshotError) as error:
            if not self.follower_may_fail:
                raise AssertionError("the followers ended by themselves") from error
            self.figures["followers ended by an error of the disk"] += 1
        else:
            return True
        followers.end()
        return False

    def _meanwhile(self, venue: SimulatedVenue) -> None:
        """Let the other party do something."""
        if self._at_work == [Party.EXCHANGE]:
            self.figures["follower steps inside the exchange's"] += 1
            self._followers_do(lambda: venue.followers.step())
        elif self._at_work == [Party.EXCHANGE, Party.FOLLOWERS] and not self.random.randrange(4):
            self.figures["exchange steps inside a follower's"] += 1
            with _Working(self._at_work, Party.EXCHANGE), suppress(ServiceError):
                self._trade(venue)

    def _come_during_sync(self, venue: SimulatedVenue) -> None:
        request = self._requests.draw()
        self.waiting.append(request)
        with suppress(ServiceError):
            self._submit(venue, request)

    def _submit(self, venue: SimulatedVenue, request: Request) -> Submitted:
        """Submit, and park the response until its sequence is visible."""
        try:
            answer = venue.submit_parked(request)
        except NotReady:
            # The exchange is closing: nothing was changed, and the client knows.
            self.waiting.remove(request)
            raise
        assert venue.noted_sequence >= answer.applied.record.last_sequence
        self._parked.append(Parked(venue.noted_sequence, request, answer.applied))
        self._tell()
        return answer

    # The moments.

    def _tell(self) -> None:
        """Send the parked responses that the watermark has passed."""
        venue = self.venue
        if venue is None:
            return
        visible = venue.journal.visible_sequence
        while due := next((parked for parked in self._parked if parked.sequence <= visible), None):
            self._parked.remove(due)
            self.told_sequence = max(self.told_sequence, due.sequence)
            if due.request is not None and due.applied is not None and due.request in self.waiting:
                self.waiting.remove(due.request)
                self.answered.append((due.request, due.applied))
                self._at("after an answer")

    def at_disk(self, operation: str, path: Path, content: bytes) -> None:
        if (
            operation == "sync"
            and path.suffix == ".journal"
            and self.venue is not None
            and not self.random.randrange(3)
        ):
            self._come_during_sync(self.venue)
        self._at(f"before {operation} of {path.name}", (path, content) if operation == "write" else None)

    def _at(self, place: str, write: tuple[Path, bytes] | None = None) -> None:
        """Keep this moment unless a crash would find the same as at the last one; perhaps kill a party."""
        if self.venue is not None:
            for name, covered in self._covered.items():
                self._covered[name] = max(covered, self.venue.progress.of(name).synced_sequence)
        seen = (self.disk.fingerprint(), self.database.image, len(self.answered), self.told_sequence, write)
        if seen != self._last_seen:
            self._last_seen = seen
            self.moment_count += 1
            self.keep(self._moment(place, write))
        self._perhaps_die()
        if self.venue is not None and not self.random.randrange(MEANWHILE_ONE_IN):
            self._meanwhile(self.venue)

    def _perhaps_die(self) -> None:
        if self._boundaries_to_live is not None:
            self._boundaries_to_live -= 1
            if self._boundaries_to_live == 0:
                self._boundaries_to_live = None
                raise Killed
        if self._follower_boundaries_to_live is not None and self._at_work[-1:] == [Party.FOLLOWERS]:
            self._follower_boundaries_to_live -= 1
            if self._follower_boundaries_to_live == 0:
                self._follower_boundaries_to_live = None
                raise FollowerKilled

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
            covered=dict(self._covered),
            now_ns=self.clock.now,
            write=write,
        )


class _Working:
    """Names the party that works in a block."""

    def __init__(self, at_work: list[Party], party: Party) -> None:
        self._at_work = at_work
        self._party = party
        self._depth = len(at_work)

    def __enter__(self) -> None:
        self._at_work.append(self._party)

    def __exit__(self, *_: object) -> None:
        del self._at_work[self._depth :]
