"""The followers of a simulated venue: the production wiring, one step at a time."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from order_engine.bootstrap.following import make_follower
from order_engine.exchange.errors import SnapshotError
from order_engine.exchange.state import ExchangeState
from order_engine.followers.audit.files import AUDIT_DIRECTORY
from order_engine.followers.audit.sink import AuditSink
from order_engine.followers.follower import Follower
from order_engine.followers.progress import AUDIT, OK, SQL, UNKNOWN
from order_engine.followers.sink import Sink
from order_engine.followers.sink_line import Pace
from order_engine.followers.sql.sink import SqlSink
from tests.fakes.fake_clock import SteppedSeconds

if TYPE_CHECKING:
    from tests.simulation.venue import SimulatedVenue

AUDIT_SEGMENT_BYTES_MAX = 6_000
STEPS_MAX = 200
SINKS = frozenset((SQL, AUDIT))
# The clock advances at each reading: small batches are written at once and synced when nothing is left.
PROMPT = Pace(
    batch_weight_max=8,
    pause_seconds=0,
    sync_seconds=0,
    retry_seconds_first=1,
    retry_seconds_max=2,
    faulted_retry_seconds=6,
    waiting_weight_max=12,
)
PACES = (
    PROMPT,
    PROMPT._replace(batch_weight_max=3, sync_seconds=5),
    PROMPT._replace(pause_seconds=4, quiet_seconds=4),
)


class LateDump:
    """A dump beside the follower, as in a child; it may outlive the follower."""

    def __init__(self, state: ExchangeState, save: Callable[[ExchangeState], object], steps: int) -> None:
        self._state = ExchangeState.load(list(state.dump()))
        self._save = save
        self._steps = steps
        self._outcome: str | None = None

    def outcome(self) -> str | None:
        """Do one step."""
        self._steps -= 1
        if self._steps <= 0 and self._outcome is None:
            self.finish()
        return self._outcome

    def finish(self) -> None:
        """Save now."""
        try:
            self._save(self._state)
            self._outcome = OK
        except (OSError, SnapshotError) as error:
            self._outcome = str(error)

    def abandon(self) -> None:
        """End it."""
        self._outcome = "abandoned"

    @property
    def is_going_on(self) -> bool:
        return self._outcome is None


class SimulatedFollowers:
    """One follower after another, each started where the last one was killed. ``random`` decides about its pace."""

    def __init__(self, venue: "SimulatedVenue") -> None:
        self._venue = venue
        self._random = Random(0)
        self._paces: tuple[Pace, ...] = (PROMPT._replace(batch_weight_max=1_000),)
        self._follower: Follower | None = None
        self._wanted_snapshot = 0
        self._dump: LateDump | None = None
        self.orphans: list[LateDump] = []
        self.opened_at: dict[str, int] = {}
        self.reports_in_percent = 100
        self.late_dumps = False

    def behave(self, random: Random) -> None:
        """Let the seed decide about pace, dumps and lost reports."""
        self._random = random
        self._paces = PACES
        self.reports_in_percent = random.choice((100, 60, 20))
        self.late_dumps = bool(random.randrange(3))

    def step(self) -> bool:
        """Do one step, and perhaps report; return whether there is more to do at once."""
        follower = self._follower or self._begin()
        is_busy = follower.step()
        # A report may be late, but a sink's opening is reported before anything is written to it.
        has_opened = any(follower.progress[name].sequence != UNKNOWN for name in SINKS - self._venue.progress.opened)
        if has_opened or self._random.randrange(100) < self.reports_in_percent:
            self.report(follower)
        return is_busy

    def report(self, follower: Follower) -> None:
        """Report the follower's progress to the exchange, as its process does."""
        progress = self._venue.progress
        progress.status = OK
        progress.replica_sequence = follower.replica_sequence
        progress.report(follower.progress, reads_open=follower.reads_open)

    def want_snapshot(self, sequence: int) -> None:
        """Request a snapshot; a successor gets the request again."""
        self._wanted_snapshot = sequence
        if self._follower is not None and sequence:
            self._follower.want_snapshot(sequence)

    def settle(self) -> None:
        """Step until the sinks have everything visible, synced as far as allowed, and no snapshot is wanted."""
        for _ in range(STEPS_MAX):
            self.step()
            if self.has_settled():
                assert self._follower is not None
                self.report(self._follower)
                return
        assert self._follower is not None
        raise AssertionError(f"the followers do not get on: {self._follower.progress}")

    def has_settled(self) -> bool:
        """Whether there is nothing to do until more is visible or synced."""
        follower, visible = self._follower, self._venue.journal.visible_sequence
        may_sync = self._venue.watermark.synced == visible
        if follower is None or follower._replica is None or (may_sync and not follower._snapshots.is_idle):
            return False
        stands_still = follower._snapshots.holds(follower._replica, self._venue.watermark)
        if follower.replica_sequence != visible and not stands_still:
            return False
        visible = follower.replica_sequence
        found = [follower.progress[name] for name in SINKS]
        return all(
            one.status == OK and one.sequence == visible and (one.synced_sequence == visible or not may_sync)
            for one in found
        )

    def step_and_tell(self) -> dict[str, str]:
        """Step until there is nothing to do; return the status of each sink."""
        while self.step():
            pass
        return self.statuses()

    def statuses(self) -> dict[str, str]:
        """The status of each sink, by name."""
        return {} if self._follower is None else {name: one.status for name, one in self._follower.progress.items()}

    def state_dump(self) -> list[bytes]:
        """The replica's state, as lines."""
        assert self._follower is not None
        assert self._follower._replica is not None
        return list(self._follower._replica.state.dump())

    def end(self) -> None:
        """Die as a killed process: nothing more is written. A dump in a child may go on."""
        if self._dump is not None and self._dump.is_going_on and self._random.randrange(2):
            self.orphans.append(self._dump)
        self._dump = None
        follower, self._follower = self._follower, None
        if follower is not None:
            for line in follower._lines:
                line.close()
        self._venue.database.abandon()

    def finish_orphans(self) -> None:
        """Finish the dumps that outlived their followers."""
        orphans, self.orphans = self.orphans, []
        for dump in orphans:
            dump.finish()

    def _begin(self) -> Follower:
        venue = self._venue
        audit = AuditSink(venue.recovery.journal_directory.parent / AUDIT_DIRECTORY, venue.disk)
        audit._log._segment_bytes_max = AUDIT_SEGMENT_BYTES_MAX
        sinks = [self._watched(SqlSink(venue.database)), self._watched(audit)]
        follower = make_follower(
            venue.recovery,
            venue.disk,
            sinks,
            venue.watermark,
            venue.journal.journal_id,
            venue.recovered_sequence,
            opened=venue.progress.opened,
            begin_dump=self._begin_dump if self.late_dumps else None,
            pace=self._random.choice(self._paces),
            clock=SteppedSeconds(),
        )
        if self._wanted_snapshot:
            follower.want_snapshot(self._wanted_snapshot)
        self._follower = follower
        return follower

    def _begin_dump(self, state: ExchangeState) -> LateDump:
        self._dump = LateDump(state, self._venue.recovery.save, self._random.randint(1, 4))
        return self._dump

    def _watched(self, sink: Sink) -> Sink:
        """Remember the sequence of a sink at its first opening; a kill loses no row, and no synced entry."""
        open_sink, name = sink.open, sink.name

        def open_watched(journal_id: str, journal_end: int) -> int:
            sequence = open_sink(journal_id, journal_end)
            reported = self._venue.progress.of(name)
            expected = reported.sequence if name == SQL else reported.synced_sequence
            assert sequence >= expected, f"{name} has lost what it had reported"
            self.opened_at.setdefault(name, sequence)
            return sequence

        sink.open = open_watched  # type: ignore[method-assign]
        return sink
