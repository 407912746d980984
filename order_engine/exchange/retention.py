"""Retention: deletes old snapshots, and archives or deletes journal segments that a start no longer needs.

A segment is retired once all of its records are in the oldest kept snapshot and synced in the database and the audit
log. The newest segment always stays.
"""

import logging
from collections.abc import Callable
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from order_engine.exchange.errors import SnapshotError
from order_engine.exchange.snapshots import SnapshotFiles, snapshot_sequence
from order_engine.journal.archive import move_to_archive
from order_engine.journal.disk import Disk
from order_engine.journal.errors import JournalError
from order_engine.journal.segments import Segment, list_segments

log = logging.getLogger(__name__)


class RetentionMode(StrEnum):
    """What is done with a segment that a start no longer needs."""

    ARCHIVE = "archive"
    """It is moved to the archive, where replay, verification and rebuilding find it."""
    KEEP = "keep"
    """It stays where it is."""
    REMOVE = "remove"
    """It is deleted. The journal can then no longer be replayed from its beginning."""


class Retention:
    """Retires the segments in ``journal_directory``.

    ``covered_sequence`` returns the last sequence that every sink has synced.
    """

    def __init__(
        self,
        mode: RetentionMode,
        journal_directory: Path,
        archive_directory: Path,
        disk: Disk,
        snapshots: SnapshotFiles,
        covered_sequence: Callable[[], int],
    ) -> None:
        self._mode = mode
        self._journal_directory = journal_directory
        self._archive_directory = archive_directory
        self._disk = disk
        self._snapshots = snapshots
        self._covered_sequence = covered_sequence
        self._status = "ok"

    @property
    def status(self) -> str:
        """``ok``, or why the last attempt failed."""
        return self._status

    def tend(self) -> None:
        """Delete old snapshots and retire segments. On failure set ``status``; the next call tries again."""
        try:
            self._snapshots.remove_old(self._covered_sequence())
            self.retire()
        except (OSError, JournalError, SnapshotError) as error:
            self._status = f"{type(error).__name__}: {error}"
            log.warning("old snapshots and segments stay: %s", self._status)
        else:
            self._status = "ok"

    def retire(self) -> list[Segment]:
        """Archive or delete every segment that may go; return them with their old paths."""
        paths = [] if self._mode is RetentionMode.KEEP else self._snapshots.paths_newest_first()
        if not paths:
            return []
        covered = min(snapshot_sequence(paths[-1]), self._covered_sequence())
        segments = list_segments(self._journal_directory, self._disk)
        retired = [one for one, following in pairwise(segments) if following.first_sequence - 1 <= covered]
        if retired:
            # Without these segments a start depends on this snapshot or a newer one.
            self._snapshots.check(paths[-1])
        for segment in retired:
            self._retire(segment)
        return retired

    def _retire(self, segment: Segment) -> None:
        if self._mode is RetentionMode.ARCHIVE:
            target = move_to_archive(segment, self._archive_directory, self._disk)
            log.info("archived %s as %s", segment.path, target.path)
        else:
            self._disk.remove(segment.path)
            self._disk.sync_directory(self._journal_directory)
            log.info("removed %s", segment.path)
