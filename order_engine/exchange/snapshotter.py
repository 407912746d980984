"""The snapshotter: takes a snapshot every so often, so that a restart has little to replay.

The snapshot is not dumped from the live books, which would hold the exchange's lock for as long as they are big: the
last one is brought forward through the journal, by ``advance``, best in another process.
"""

import logging
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Protocol

from order_engine.exchange.errors import SnapshotError, Unavailable
from order_engine.exchange.snapshots import Snapshot, SnapshotCopies

log = logging.getLogger(__name__)


class DurableSequence(Protocol):
    """Knows how far the journal is on disk."""

    @property
    def durable_sequence(self) -> int:
        """Return the last sequence that is on disk."""
        ...

    def sync(self) -> int:
        """Put on disk what the journal's mode left to the system; return the last sequence. May raise Unavailable."""
        ...


class Snapshotter:
    """Calls ``advance``, which may raise ``OSError``, with a durable sequence, and copies what it saved.

    ``interval`` is in seconds; 0 switches the timer off. After each snapshot the timer calls ``afterwards``.
    """

    def __init__(
        self,
        exchange: DurableSequence,
        advance: Callable[[int], Snapshot],
        copies: SnapshotCopies,
        interval: float,
        afterwards: Callable[[], None] = lambda: None,
    ) -> None:
        self._exchange = exchange
        self._advance = advance
        self._copies = copies
        self._interval = interval
        self._afterwards = afterwards
        self._taking = Lock()
        self._stopping = Event()
        self._latest: Snapshot | None = None
        self._trouble: SnapshotError | None = None
        self._thread = Thread(target=self._run, name="snapshotter", daemon=True)

    @property
    def trouble(self) -> SnapshotError | None:
        """Why the last attempt failed, or None."""
        return self._trouble

    def start(self) -> None:
        """Begin to take snapshots, if there is an interval."""
        if self._interval > 0:
            self._thread.start()

    def stop(self) -> None:
        """Take no more; return once one that is being taken is done."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def take(self) -> Snapshot:
        """Take a snapshot now, unless the latest is of this very sequence; raises ``SnapshotError``."""
        with self._taking:
            # A snapshot that outlived the journal's tail in a power cut would stop the next start.
            sequence = self._sync()
            if sequence == 0:
                raise SnapshotError("nothing has happened yet")
            if self._latest is None or self._latest.header.sequence != sequence:
                self._latest = self._advanced(sequence)
                self._trouble = self._copy(self._latest)
            return self._latest

    def _advanced(self, sequence: int) -> Snapshot:
        try:
            return self._advance(sequence)
        except OSError as error:
            # A system that is short of memory or processes starts no other process.
            raise SnapshotError(f"{type(error).__name__}: {error}") from error

    def _sync(self) -> int:
        try:
            return self._exchange.sync()
        except Unavailable as error:
            raise SnapshotError(str(error)) from error

    def _copy(self, snapshot: Snapshot) -> SnapshotError | None:
        try:
            self._copies.save(snapshot)
        except SnapshotError as error:
            log.warning("the snapshot at sequence %d was saved, but not copied: %s", snapshot.header.sequence, error)
            return error
        return None

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            if self._exchange.durable_sequence == 0:
                continue
            try:
                self.take()
                self._afterwards()
            except SnapshotError as error:
                self._trouble = error
                log.warning("no snapshot was taken: %s", error)
