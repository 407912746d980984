"""Builds the parts of a venue that trade: the exchange, its journal, and the progress of its followers."""

from collections.abc import Callable
from uuid import uuid4

from order_engine.exchange.clock import Clock
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.recovery import Recovered, Recovery
from order_engine.exchange.retention import Retention
from order_engine.followers.progress import SQL, Progress
from order_engine.journal.committer import Committer
from order_engine.journal.disk import Disk
from order_engine.journal.watermark import Watermark
from order_engine.matching.engine import RULES_VERSION
from order_engine.settings import Settings


class Trading:
    """The exchange, its journal, and the progress of its followers, without threads.

    A venue starts their threads; the crash simulation takes their steps itself. ``stamps`` is the clock that stamps
    commands, if that is not ``clock``.
    """

    def __init__(
        self,
        settings: Settings,
        disk: Disk,
        clock: Clock,
        *,
        stamps: Clock | None = None,
        require_in_place: Callable[[], object] = lambda: None,
        note: Callable[[int], object],
        on_commit: Callable[[], object],
        on_due_changed: Callable[[], object] = lambda: None,
    ) -> None:
        self._settings = settings
        self._disk = disk
        self._clock = clock
        self._require_in_place = require_in_place
        self._on_commit = on_commit
        self.journal: Committer | None = None
        self.replayed_after = 0
        self.recovery = Recovery(settings.data_dir, disk, archive_directory=settings.archive_dir)
        self.exchange = Exchange(
            stamps or clock,
            backlog=lambda: self.progress.lag(SQL),
            lag_max=settings.max_projection_lag,
            on_due_changed=on_due_changed,
            note=note,
        )
        self.progress = Progress(lambda: self.exchange.visible_sequence)
        self.retention = Retention(
            settings.journal_retention,
            self.recovery.journal_directory,
            settings.archive_dir,
            disk,
            self.recovery.files,
            self.progress.covered_sequence,
        )

    def open(self, recovered: Recovered, watermark: Watermark) -> Committer:
        """Open the exchange where its journal ends; the caller starts the committer, or takes its steps."""
        end, settings = recovered.end, self._settings
        self.replayed_after = recovered.snapshot_sequence
        self.journal = Committer(
            self.recovery.journal_directory,
            self._disk,
            end=end,
            journal_id=uuid4().hex if end.header is None else end.header.journal_id,
            rules_version=RULES_VERSION,
            clock=self._clock.now_ns,
            watermark=watermark,
            sync=settings.journal_sync,
            segment_bytes_max=settings.journal_segment_bytes,
            on_commit=self._on_commit,
            on_failure=self.exchange.halt,
            require_in_place=self._require_in_place,
        )
        self.exchange.open(recovered.state, self.journal, settings.matching)
        return self.journal
