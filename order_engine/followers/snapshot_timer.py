"""The snapshot timer: requests a snapshot at intervals, so that a restart has little to replay."""

import logging
from collections.abc import Callable
from threading import Event, Lock, Thread
from time import monotonic
from typing import NamedTuple, Protocol

from order_engine.exchange.errors import SnapshotError, Unavailable
from order_engine.exchange.snapshots import SnapshotFiles, SnapshotHeader
from order_engine.followers.progress import OK, SNAPSHOTS, STARTING, Progress

log = logging.getLogger(__name__)

SYNC_SECONDS = 0.2


class Patience(NamedTuple):
    """How long a snapshot may take, and for how long of that the followers may be in trouble."""

    seconds: float = 300.0
    trouble_seconds: float = 5.0


class Syncing(Protocol):
    """The exchange, as the timer needs it."""

    def sync(self) -> int:
        """Sync the journal and return the last synced sequence; may raise ``Unavailable``."""
        ...


class SnapshotTimer:
    """Requests a snapshot every ``interval`` seconds (0: never), and calls ``afterwards`` after each."""

    def __init__(
        self,
        exchange: Syncing,
        want_snapshot: Callable[[int], object],
        progress: Progress,
        files: SnapshotFiles,
        interval: float,
        afterwards: Callable[[], object],
        patience: Patience = Patience(),  # noqa: B008 -- immutable
    ) -> None:
        self._exchange = exchange
        self._want_snapshot = want_snapshot
        self._progress = progress
        self._files = files
        self._interval = interval
        self._afterwards = afterwards
        self._patience = patience
        self._taking = Lock()
        self._stopping = Event()
        self._trouble: str | None = None
        self._thread = Thread(target=self._run, name="snapshot-timer", daemon=True)

    @property
    def status(self) -> str:
        """``ok``, or why the last attempt failed."""
        return self._trouble or OK

    def start(self) -> None:
        """Start the thread if there is an interval."""
        if self._interval > 0:
            self._thread.start()

    def stop(self) -> None:
        """Request no more snapshots. This does not wait for one in progress."""
        self._stopping.set()

    def take(self) -> SnapshotHeader:
        """Request a snapshot that covers everything visible now, and wait for it; raises ``SnapshotError``."""
        with self._taking:
            sequence = self._sync()
            if sequence == 0:
                raise SnapshotError("nothing has happened yet")
            self._want_snapshot(sequence)
            self._wait_attempted(sequence)
            found = self._progress.of(SNAPSHOTS)
            if found.status != OK or found.sequence < sequence:
                raise SnapshotError(f"no snapshot was taken: {found.status}")
            header = self._files.header(self._files.path_of(found.sequence))
            self._afterwards()
            return header

    def _wait_attempted(self, sequence: int) -> None:
        began = well_at = monotonic()
        while not self._progress.wait_for(lambda: self._is_attempted(sequence), SYNC_SECONDS):
            now, status = monotonic(), self._progress.status
            if status in (OK, STARTING):
                well_at = now
            is_over = now - began > self._patience.seconds or now - well_at > self._patience.trouble_seconds
            if self._stopping.is_set() or is_over:
                raise SnapshotError(f"the followers have taken none: {status}")
            # The replica may be ahead of the synced journal and wait for this sync.
            self._sync()

    def _is_attempted(self, sequence: int) -> bool:
        return self._progress.of(SNAPSHOTS).synced_sequence >= sequence

    def _sync(self) -> int:
        try:
            return self._exchange.sync()
        except Unavailable as error:
            raise SnapshotError(str(error)) from error

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            try:
                self.take()
                self._trouble = None
            except SnapshotError as error:
                self._report(error)
            except Exception as error:
                log.exception("the snapshot timer failed once, and goes on")
                self._report(error)

    def _report(self, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}"
        if text != self._trouble:
            log.warning("no snapshot was taken: %s", text)
        self._trouble = text
