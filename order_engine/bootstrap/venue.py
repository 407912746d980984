"""The venue: builds, starts and stops everything that serves an exchange, from its lock to its followers."""

import gc
import logging
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread
from typing import Protocol

from order_engine.api.application import Services, install_api, order_operations
from order_engine.api.plumbing.flask_app import ServiceApp
from order_engine.api.plumbing.parking import note_sequence
from order_engine.api.plumbing.request_guard import RequestGuard
from order_engine.api.plumbing.visible_responses import VisibleResponses
from order_engine.bootstrap.admission import Admission
from order_engine.bootstrap.feeding import spawn_feeds
from order_engine.bootstrap.following import audit_sink, make_follower, spawn_follower
from order_engine.bootstrap.trading import Trading
from order_engine.database.database import Database
from order_engine.database.pulse import Pulse
from order_engine.exchange.clock import Clock, SystemClock, uptime_ns
from order_engine.exchange.clock_acceptance import ClockAcceptance
from order_engine.exchange.clock_guard import ClockGuard
from order_engine.exchange.clock_watch import ClockWatch
from order_engine.exchange.phase import Phase
from order_engine.exchange.recovery import JOURNAL_DIRECTORY, SNAPSHOT_DIRECTORY
from order_engine.exchange.timekeeper import Alarm, Timekeeper
from order_engine.feeds.hand_over import HandOver
from order_engine.feeds.own_events import OwnEvents
from order_engine.feeds.supervisor import FeedsProcess
from order_engine.followers.audit.files import AUDIT_DIRECTORY
from order_engine.followers.follower import Follower
from order_engine.followers.in_thread import FollowerThread
from order_engine.followers.progress import AUDIT, OK, SNAPSHOTS, SQL
from order_engine.followers.snapshot_timer import SnapshotTimer
from order_engine.followers.sql.sink import SqlSink
from order_engine.followers.supervisor import FollowerProcess
from order_engine.journal.archive import ARCHIVE_DIRECTORY
from order_engine.journal.directory_lock import DirectoryLock
from order_engine.journal.disk import Disk, LocalDisk, require_room
from order_engine.journal.privacy import make_private
from order_engine.journal.watermark import WATERMARK_NAME, MemoryWatermark, SharedWatermark, Watermark
from order_engine.queries.queries import Queries
from order_engine.settings import Settings
from order_engine.ui.page import create_page_blueprint
from order_engine.wire.rendering import Renderer

log = logging.getLogger(__name__)

GRACE_SECONDS = 20.0
FEEDS_GRACE_SECONDS = 3.0
ROOMS = (JOURNAL_DIRECTORY, SNAPSHOT_DIRECTORY, ARCHIVE_DIRECTORY, AUDIT_DIRECTORY)


class Followers(Protocol):
    """Runs the followers, in their own process or in a thread."""

    def start(self) -> None:
        """Start to follow."""

    def want_snapshot(self, sequence: int) -> None:
        """Ask for a snapshot at a synced sequence or after it."""

    def finish(self, sequence: int, seconds: float) -> bool:
        """Let the followers write up to the last sequence, for at most ``seconds``; True if they have finished."""
        ...


class Venue:
    """A whole exchange: its parts, and how they start and stop.

    Raises ``JournalLocked`` if another process owns the directory. If recovery fails the venue stays up, halted,
    ``/health`` says why, and ``on_start_failure`` is called. With ``follows_in_thread`` the followers share this
    process. With ``serves_feeds`` it starts a process for the feeds. The clock is compared with ``uptime``: by default
    the system's, or the clock itself if one is given.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        disk: Disk | None = None,
        clock: Clock | None = None,
        uptime: Callable[[], int] | None = None,
        follows_in_thread: bool = False,
        serves_feeds: bool = False,
        on_start_failure: Callable[[], object] = lambda: None,
    ) -> None:
        self._settings = settings
        self._disk, self._clock = disk or LocalDisk(), clock or SystemClock()
        self.clock_guard = ClockGuard(self._clock, uptime or (uptime_ns if clock is None else clock.now_ns))
        self._clock_watch = ClockWatch(self.clock_guard, ClockAcceptance(settings.data_dir))
        self._follows_in_thread = follows_in_thread
        self._on_start_failure = on_start_failure
        self._feeds = self._new_feeds() if serves_feeds else None
        self.admission = Admission(settings, self._clock, self._hide_ids)
        self._directory_lock = _own(settings.data_dir, self._disk)
        self._closing = Lock()
        self._commit_callbacks: list[Callable[[], object]] = []
        self._followers: Followers | None = None
        self.app = ServiceApp()
        self.database = Database(settings.database_url, self.app)
        self._pulse = Pulse(self.database.check)
        alarm = Alarm()
        self.trading = Trading(
            settings,
            self._disk,
            self._clock,
            stamps=self.clock_guard,
            require_in_place=self._directory_lock.require_in_place,
            note=note_sequence,
            on_commit=self._tell_commit,
            on_due_changed=alarm.ring,
        )
        self.recovery, self.exchange = self.trading.recovery, self.trading.exchange
        self.progress, self.retention = self.trading.progress, self.trading.retention
        self._timekeeper = Timekeeper(self.exchange, self._clock, alarm)
        self.snapshots = SnapshotTimer(
            self.exchange,
            self._want_snapshot,
            self.progress,
            self.recovery.files,
            settings.snapshot_interval_sec,
            self.retention.tend,
        )
        self._starting = Thread(target=self._start, name="start", daemon=True)
        self._install_app()

    @property
    def journal_failed(self) -> bool:
        """Whether a write or fsync failed. Commands that were not visible before have an unknown outcome."""
        journal = self.trading.journal
        return journal is not None and journal.failure is not None

    def on_commit(self, callback: Callable[[], object]) -> None:
        """Call a function in the committer's thread, after each move of the watermark and after a failure."""
        self._commit_callbacks.append(callback)

    def hand_over(self, handed: HandOver, descriptor: int) -> bool:
        """Give a client to the feeds; False if they take none now. Never waits."""
        return self._feeds is not None and self._feeds.offer(handed, descriptor)

    def start(self) -> None:
        """Start recovery in the background. The exchange takes commands once that is done."""
        self.admission.start(self.exchange)
        self._starting.start()
        self._pulse.start()

    def wait_started(self, timeout: float | None = None) -> bool:
        """Wait until recovery is over; return whether the exchange takes commands."""
        self._starting.join(timeout)
        return self.exchange.phase is Phase.OPEN

    def stop_taking(self) -> None:
        """Take no more commands. Sync those that were taken, so that every response can be sent."""
        self._clock_watch.stop()
        self._timekeeper.stop()
        self.snapshots.stop()
        self.exchange.close()

    def close(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Stop taking commands, let the followers finish and take a last snapshot, and release the directory."""
        if not self._closing.acquire(blocking=False):
            return
        self.stop_taking()
        self.admission.stop()
        journal, followers = self.trading.journal, self._followers
        if journal is not None and followers is not None:
            last_sequence = journal.visible_sequence
            if self._feeds is not None:
                self._feeds.finish(last_sequence, min(grace_seconds, FEEDS_GRACE_SECONDS))
            followers.want_snapshot(journal.synced_sequence)
            if not followers.finish(last_sequence, grace_seconds):
                log.warning("the followers did not end in time and were stopped")
            self._tell_what_is_left(last_sequence)
        self.retention.tend()
        self._pulse.stop()
        self.database.close()
        if not self._starting.is_alive():
            # Otherwise recovery still reads the journal, and the lock ends with the process.
            self._directory_lock.release()

    def _tell_what_is_left(self, last_sequence: int) -> None:
        for name in (SQL, AUDIT):
            found = self.progress.of(name)
            if (left := last_sequence - found.sequence) > 0:
                log.warning("%s is %d commands behind (%s): the next start writes them", name, left, found.status)

    def _start(self) -> None:
        try:
            self._recover_and_open()
        except Exception as error:  # noqa: BLE001 -- after any error the state is in doubt and must not be served
            self._halt(error)
            self._on_start_failure()

    def _recover_and_open(self) -> None:
        settings = self._settings
        # Without the server's loop nobody would ask for them.
        recovered = self.recovery.latest() if self._feeds is None else self.recovery.latest(self.own_events.remember)
        _, end, snapshot_sequence = recovered
        if self._closing.locked():
            return
        if end.torn is not None:
            path, offset, length = end.torn.path, end.torn.offset, end.torn.length
            log.warning("%s: cut %d bytes from byte %d on, a record that a crash left unfinished", path, length, offset)
        if end.header is None:
            # Check this before a journal is begun: a lost journal must not be replaced by a new one.
            self.database.require_unused()
        require_room(self._disk, self.recovery.journal_directory)
        # Exempt the recovered state from garbage collection: each pass over a million orders would take long.
        gc.collect()
        gc.freeze()
        watermark = self._new_watermark(end.last_sequence)
        self.clock_guard.begin(recovered.state.engine.timestamp_ns, accepts=settings.accept_clock)
        # Before the first request is served, so that a client that has a response finds this in the log.
        log.info("opens at sequence %d, recovered from the snapshot at %d", end.last_sequence, snapshot_sequence)
        journal = self.trading.open(recovered, watermark)
        journal.start()
        self._followers = self._new_followers(journal.journal_id, end.last_sequence, watermark)
        self._followers.start()
        if self._feeds is not None:
            self._feeds.start()
        self.snapshots.start()
        self._timekeeper.start()
        self._clock_watch.start()
        if self._feeds is not None:
            # Any other server has its own address.
            log.info("Ready: %s; API at /docs; data in %s, delete it to begin anew", settings.url, settings.data_dir)

    def _new_watermark(self, sequence: int) -> Watermark:
        if self._follows_in_thread:
            return MemoryWatermark(sequence)
        return SharedWatermark.create(self._settings.data_dir / WATERMARK_NAME, sequence)

    def _new_followers(self, journal_id: str, journal_end: int, watermark: Watermark) -> Followers:
        settings, progress = self._settings, self.progress
        if self._follows_in_thread:

            def make() -> Follower:
                sinks = (SqlSink(Database(settings.database_url)), audit_sink(settings, self._disk))
                return make_follower(
                    self.recovery, self._disk, sinks, watermark, journal_id, journal_end, opened=progress.opened
                )

            return FollowerThread(make, progress)
        return FollowerProcess(
            lambda descriptor: spawn_follower(settings, journal_id, journal_end, descriptor, progress.opened),
            progress,
            lambda: self.exchange.digests,
        )

    def _install_app(self) -> None:
        settings, keys = self._settings, self.admission.keys
        services = self._services()
        renderer = Renderer(self.exchange.tick_size_e8)
        self.own_events = OwnEvents(
            renderer, lambda: self.trading.replayed_after, hides_ids=lambda: self.admission.keys.has_keys
        )
        if self._feeds is not None:
            # Without the server's loop nobody would release what is noted.
            self.exchange.on_applied = self.own_events.note
        self.order_operations = order_operations(services, keys)
        install_api(self.app, services, keys, _guard(settings, has_keys=keys.has_keys))
        self.app.register_blueprint(create_page_blueprint())
        self.app.wsgi_app = VisibleResponses(self.app.wsgi_app, self.exchange)  # type: ignore[method-assign]  # Flask's own way

    def _new_feeds(self) -> FeedsProcess:
        settings = self._settings

        def spawn(descriptor: int) -> "subprocess.Popen[bytes]":
            return spawn_feeds(settings, descriptor, hides_ids=self.admission.keys.has_keys)

        return FeedsProcess(spawn, settings.max_feed_clients)

    def _services(self) -> Services:
        return Services(
            exchange=self.exchange,
            queries=Queries(self.database),
            progress=self.progress,
            take_snapshot=self.snapshots.take,
            clock=self._clock,
            accept_clock=self.clock_guard.accept,
            health_parts={
                "database": self._database_part,
                "audit": lambda: self.progress.status_of(AUDIT),
                "snapshots": self._snapshots_part,
                "followers": lambda: self.progress.status,
                "feeds": lambda: OK if self._feeds is None else self._feeds.status,
                "retention": lambda: self.retention.status,
                "clock": lambda: self.clock_guard.trouble or OK,
                "keys": lambda: self.admission.status,
                "timekeeper": lambda: self._timekeeper.trouble or OK,
            },
            recovery_progress=lambda: self.recovery.progress._asdict(),
        )

    def _database_part(self) -> str:
        # A follower with nothing to write does not notice that the database is gone.
        status = self.progress.status_of(SQL)
        return self._pulse.status() if status == OK else status

    def _snapshots_part(self) -> str:
        status = self.progress.of(SNAPSHOTS).status
        return status if self.snapshots.status == OK else self.snapshots.status

    def _want_snapshot(self, sequence: int) -> None:
        if self._followers is not None:
            self._followers.want_snapshot(sequence)

    def _tell_commit(self) -> None:
        for callback in self._commit_callbacks:
            callback()

    def _hide_ids(self) -> None:
        if self._feeds is not None:
            # What it has kept and sends to all has the ids of orders.
            self._feeds.start_anew()

    def _halt(self, fault: BaseException) -> None:
        self.exchange.halt(fault)


def _own(directory: Path, disk: Disk) -> DirectoryLock:
    """Create a directory unless it exists, lock it, and make it private."""
    disk.make_directory(directory)
    lock = DirectoryLock(directory)
    make_private(directory, ROOMS)
    return lock


def _guard(settings: Settings, *, has_keys: bool) -> RequestGuard:
    only_this_machine = not has_keys and not settings.open
    return RequestGuard(settings.hosts(has_keys=has_keys), settings.cors_origins, only_this_machine=only_this_machine)
