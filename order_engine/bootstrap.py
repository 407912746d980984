"""The only place that builds the parts and joins them."""

import gc
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread
from uuid import uuid4

from order_engine.api.application import Backstage, install_api
from order_engine.api.plumbing.flask_app import ServiceApp
from order_engine.api.plumbing.tick_sizes import TickSizes
from order_engine.api.resources.health import Parts
from order_engine.database.database import Database
from order_engine.database.pulse import Pulse
from order_engine.database.snapshot_copies import DatabaseSnapshotCopies
from order_engine.database.snapshot_store import SnapshotStore
from order_engine.exchange.clock import Clock, SystemClock
from order_engine.exchange.errors import SnapshotError
from order_engine.exchange.event_bus import EventBus
from order_engine.exchange.exchange import Exchange, Phase
from order_engine.exchange.recovery import Recovery
from order_engine.exchange.retention import Retention
from order_engine.exchange.snapshots import Snapshot, read_snapshot
from order_engine.exchange.snapshotter import Snapshotter
from order_engine.exchange.state import ExchangeState
from order_engine.exchange.timekeeper import Alarm, Timekeeper
from order_engine.followers.audit.files import AUDIT_DIRECTORY
from order_engine.followers.audit.log import AuditLog
from order_engine.followers.audit.recorder import AuditRecorder
from order_engine.followers.sql.projector import Projector
from order_engine.journal.directory_lock import DirectoryLock
from order_engine.journal.disk import Disk, LocalDisk
from order_engine.journal.writer import JournalWriter
from order_engine.matching.engine import RULES_VERSION
from order_engine.queries.queries import Queries
from order_engine.settings import Settings
from order_engine.ui.page import create_page_blueprint

log = logging.getLogger(__name__)

PROJECT = Path(__file__).resolve().parents[1]


class Venue:
    """A whole exchange in one process: its parts, and their common life.

    Raises ``JournalLocked`` if another process owns the directory. ``on_start_failure`` is called if what is on disk
    cannot be served; without it the venue stays up, halted, and ``/health`` says why.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        disk: Disk | None = None,
        clock: Clock | None = None,
        advance_snapshot: Callable[[int], Snapshot] | None = None,
        on_start_failure: Callable[[], object] = lambda: None,
    ) -> None:
        self._settings = settings
        self._disk = disk or LocalDisk()
        self._clock = clock or SystemClock()
        self._on_start_failure = on_start_failure
        self._disk.make_directory(settings.data_dir)
        self._directory_lock = DirectoryLock(settings.data_dir)
        self._closing = Lock()
        self.app = ServiceApp()
        self.database = Database(settings.database_url, self.app)
        self._pulse = Pulse(self.database.check)
        self._copies = DatabaseSnapshotCopies(SnapshotStore(self.database))
        self.recovery = Recovery(settings.data_dir, self._disk, self._copies, settings.archive_dir)
        self.projector = Projector(self.database, self.recovery.history, self._halt)
        self.audit = AuditRecorder(AuditLog(settings.data_dir / AUDIT_DIRECTORY, self._disk), self.recovery.history)
        alarm = Alarm()
        self.exchange = Exchange(self._clock, self.projector, settings.max_projection_lag, alarm.ring)
        self._timekeeper = Timekeeper(self.exchange, self._clock, alarm)
        advance = advance_snapshot or self._advance_in_another_process
        self.retention = self._new_retention()
        self.snapshotter = Snapshotter(
            self.exchange, advance, self._copies, settings.snapshot_interval_sec, self.retention.tend
        )
        self._starting = Thread(target=self._start, name="start", daemon=True)
        self._tick_sizes = TickSizes(self.exchange)
        backstage = Backstage(
            exchange=self.exchange,
            queries=Queries(self.database),
            wait_projected=self.projector.wait_projected,
            take_snapshot=self.snapshotter.take,
            clock=self._clock,
            tick_sizes=self._tick_sizes,
            health_parts=self._health_parts(),
            recovery_progress=lambda: self.recovery.progress._asdict(),
        )
        install_api(self.app, backstage, settings.api_key)
        self.app.register_blueprint(create_page_blueprint())

    def start(self) -> None:
        """Begin to recover, in the background; the exchange takes commands once that is done."""
        if self._settings.api_key is None:
            log.warning("API_KEY is not set: anybody who reaches this port may place and cancel orders")
        self._starting.start()

    def wait_started(self, timeout: float | None = None) -> bool:
        """Wait until recovery is over; say whether the exchange takes commands."""
        self._starting.join(timeout)
        return self.exchange.phase is Phase.OPEN

    def close(self) -> None:
        """Finish what is in flight, flush, take a last snapshot, and let go of the directory."""
        if not self._closing.acquire(blocking=False):
            return
        self.snapshotter.stop()
        self._timekeeper.stop()
        state = self.exchange.close()
        if not self.projector.close():
            log.warning("the database is behind; it will catch up from the journal at the next start")
        if not self.audit.close():
            log.warning("the audit log is behind; it will catch up from the journal at the next start")
        if state is not None and state.sequence > 0:
            self._save_last_snapshot(state)
        self.database.close()
        if not self._starting.is_alive():
            # Else the lock ends with the process, in which recovery is still looking at the journal.
            self._directory_lock.release()

    def _start(self) -> None:
        try:
            self._recover_and_open()
        except Exception as error:  # noqa: BLE001 -- whatever it is, nothing may be served from a state in doubt
            self._halt(error)
            self._on_start_failure()

    def _recover_and_open(self) -> None:
        settings = self._settings
        state, end, snapshot_sequence = self.recovery.latest()
        if self._closing.locked():
            return
        if end.torn is not None:
            path, offset, length = end.torn.path, end.torn.offset, end.torn.length
            log.warning("%s: cut %d bytes from byte %d on, a record that a crash left unfinished", path, length, offset)
        if end.header is None:
            # Before a journal is begun: if one was lost, nothing may be put in its place.
            self.projector.require_unused()
        journal = JournalWriter(
            self.recovery.journal_directory,
            self._disk,
            end=end,
            journal_id=uuid4().hex if end.header is None else end.header.journal_id,
            rules_version=RULES_VERSION,
            clock=self._clock.now_ns,
            sync=settings.journal_sync,
            segment_bytes_max=settings.journal_segment_bytes,
            on_failure=self._halt,
        )
        self.projector.start(journal.journal_id, end.last_sequence)
        self.audit.start(journal.journal_id, end.last_sequence)
        bus = EventBus(journal, [self._tick_sizes, self.projector, self.audit], self._halt)
        # What was recovered stays: the garbage collector need not look at a million orders again and again.
        gc.collect()
        gc.freeze()
        self.exchange.open(state, journal, bus, settings.matching)
        self.snapshotter.start()
        self._timekeeper.start()
        log.info("open at sequence %d, recovered from the snapshot at %d", end.last_sequence, snapshot_sequence)

    def _halt(self, fault: BaseException) -> None:
        self.exchange.halt(fault)

    def _save_last_snapshot(self, state: ExchangeState) -> None:
        try:
            snapshot = self.recovery.save(state, self._covered_sequence())
            self._copies.save(snapshot)
        except (OSError, SnapshotError) as error:
            log.warning("the last snapshot was not saved in both places: %s", error)

    def _advance_in_another_process(self, sequence: int) -> Snapshot:
        command = [sys.executable, "-m", "order_engine", "snapshot", "--sequence", str(sequence)]
        command += ["--needed-from", str(self._covered_sequence())]
        directories = {"DATA_DIR": self._settings.data_dir, "ARCHIVE_DIR": self._settings.archive_dir}
        environment = os.environ | {name: str(directory.absolute()) for name, directory in directories.items()}
        finished = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        if finished.returncode != 0:
            raise SnapshotError(f"the process that takes it ended with {finished.returncode}: {finished.stderr[-500:]}")
        return read_snapshot(self.recovery.files.read(Path(finished.stdout.strip())))

    def _new_retention(self) -> Retention:
        return Retention(
            self._settings.journal_retention,
            self.recovery.journal_directory,
            self._settings.archive_dir,
            self._disk,
            self.recovery.files,
            self._covered_sequence,
        )

    def _health_parts(self) -> Parts:
        return {
            "database": self._database_part,
            "snapshots": self._snapshots_part,
            "audit": lambda: self.audit.status,
            "retention": lambda: self.retention.status,
        }

    def _covered_sequence(self) -> int:
        """Return up to where database and audit log have, on disk, what the journal has."""
        return min(self.projector.harden(), self.audit.durable_sequence)

    def _database_part(self) -> str:
        # A projector that has nothing to write does not notice that the database is gone.
        status = self.projector.status
        return self._pulse.status() if status == "ok" else status

    def _snapshots_part(self) -> str:
        trouble = self.snapshotter.trouble
        return "ok" if trouble is None else str(trouble)
