"""Crashes: kills the process or cuts the power at a moment, restarts on what survived, and checks it."""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random

from order_engine.followers.progress import AUDIT, SQL
from order_engine.journal.committer import SyncMode
from tests.fakes.fake_clock import FakeClock
from tests.fakes.memory_database import MemoryDatabase
from tests.fakes.simulated_disk import SimulatedDisk
from tests.simulation.scenario import JUMP_NS_MAX, Moment
from tests.simulation.survival import check_survival, recorded_count, recovered_records
from tests.simulation.venue import SimulatedVenue

SOME_PERCENT = 50


class Crashes:
    """Crashes an exchange at moments of a scenario, and counts the crashes by kind."""

    def __init__(
        self, seed: int, database: MemoryDatabase, figures: Counter[str], sync: SyncMode = SyncMode.ALWAYS
    ) -> None:
        self._seed = seed
        self._database = database
        self._sync = sync
        self._total = figures
        self.figures: Counter[str] = Counter()
        self._random = Random(seed)
        database.watcher = lambda moment: None

    def kill(self, moment: Moment) -> None:
        """Kill the process; the operating system keeps all that was written. After the restart cut the power too."""
        with self._noted("killed", moment):
            venue = self._restart(moment, moment.disk.copy(), moment.commits[-1], moment.told_sequence)
        if self._sync is SyncMode.ALWAYS:
            with self._noted("power cut after a kill and a restart", moment):
                survived = venue.disk.after_power_cut(self._random, 0)
                assert recovered_records(survived) == venue.records
                assert recorded_count(survived) == venue.state.sequence

    def kill_in_write(self, moment: Moment, taken_bytes: int) -> None:
        """Kill the process in a write after this many bytes."""
        assert moment.write is not None
        path, content = moment.write
        disk = moment.disk.copy()
        disk.put_unsafe(path, disk.content(path) + content[:taken_bytes])
        with self._noted(f"killed with {taken_bytes} bytes written", moment, "killed in a write"):
            self._restart(moment, disk, moment.commits[-1], moment.told_sequence)

    def cut_power(self, moment: Moment, kept_percent: int) -> None:
        """Lose what was not synced, or keep some sectors and names of it; the database may lose commits too."""
        kind = "power cut, unsynced all lost" if kept_percent == 0 else "power cut, unsynced lost in part"
        with self._noted(f"power cut, {kept_percent} percent kept", moment, kind):
            disk = moment.disk.after_power_cut(self._random_at(moment), kept_percent)
            image = self._some_commit(moment)
            # The audit log also syncs when it begins a segment and when it is opened.
            may_be_ahead = {AUDIT}
            if image in moment.commits_after_power_cut[1:]:
                may_be_ahead.add(SQL)
            self._restart(moment, disk, image, self._promised(moment), may_be_ahead)

    def crash_in_recovery(self, moment: Moment) -> None:
        """Cut the power; then crash at every boundary of the recovery, killed and with another power cut."""
        disk = moment.disk.after_power_cut(self._random_at(moment), SOME_PERCENT)
        for number, found in enumerate(self._boundaries_of_recovery(moment, disk, self._some_commit(moment))):
            with self._noted(f"crashed in recovery {found.place}", moment, "crashed in recovery"):
                promised = self._promised(moment)
                if number % 2 == 0:
                    self._restart(found, found.disk.copy(), found.commits[-1], promised)
                else:
                    survived = found.disk.after_power_cut(self._random, SOME_PERCENT)
                    self._restart(found, survived, found.commits[-1], promised)

    def _boundaries_of_recovery(self, moment: Moment, disk: SimulatedDisk, image: bytes) -> list[Moment]:
        found: list[Moment] = []
        records = list(moment.records)

        def keep(place: str) -> None:
            commits = (self._database.image,)
            found.append(
                replace(
                    moment,
                    place=place,
                    disk=disk.copy(),
                    commits=commits,
                    commits_after_power_cut=commits,
                    records=tuple(records),
                )
            )

        self._database.restore(image)
        disk.watcher = lambda operation, path, content: keep(f"before {operation} of {path.name}")
        self._database.watcher = lambda place: keep(f"{place} of the database")
        venue = SimulatedVenue(disk, self._database, FakeClock(moment.now_ns), records, self._sync)
        venue.followers.settle()
        keep("at its end")
        venue.abandon()
        self._database.watcher = lambda place: None
        return found

    def _restart(
        self,
        moment: Moment,
        disk: SimulatedDisk,
        image: bytes,
        promised_sequence: int,
        may_be_ahead: Collection[str] = (),
    ) -> SimulatedVenue:
        self._database.restore(image)
        clock = FakeClock(moment.now_ns - self._random.choice((0, JUMP_NS_MAX)))
        venue = SimulatedVenue(disk, self._database, clock, list(moment.records), self._sync)
        self._count("torn tails cut off", venue.torn is not None)
        self._count("restarted with archived segments", venue.archived_count() > 0)
        self._count("recovered from a snapshot", venue.snapshot_sequence > 0)
        self._count("restarted with the clock set back", clock.now < venue.state.engine.timestamp_ns)
        self.figures += check_survival(venue, moment, promised_sequence, may_be_ahead)
        venue.abandon()
        return venue

    def _promised(self, moment: Moment) -> int:
        return moment.told_sequence if self._sync is SyncMode.ALWAYS else moment.synced_sequence

    def _some_commit(self, moment: Moment) -> bytes:
        """Choose the image of the database, mostly the last. A power cut may lose commits, or the whole database."""
        chosen = self._random.randrange(4)
        self._count("database lost commits", chosen >= 2 and len(moment.commits) > 1)
        return (moment.commits[-1], moment.commits[-1], self._random.choice(moment.commits), moment.commits[0])[chosen]

    def _random_at(self, moment: Moment) -> Random:
        return Random(f"{self._seed} {moment.number}")

    def _count(self, kind: str, happened: bool) -> None:
        self.figures[kind] += happened

    @contextmanager
    def _noted(self, how: str, moment: Moment, kind: str = "") -> Iterator[None]:
        """Count a crash; a failure says how to repeat it."""
        self.figures["crash points"] += 1
        self.figures[kind or how] += 1
        self._count("crash points at the audit log", "audit" in moment.place)
        try:
            yield
        except BaseException as failure:
            failure.add_note(f"SIMULATION_SEED={self._seed}, moment {moment.number}, {moment.place}: {how}")
            raise

    def report(self) -> None:
        """Add the counts to those of the run."""
        self._total.update(self.figures)
