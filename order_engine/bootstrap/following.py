"""Builds the followers. Their own process, the thread in tests and the simulation all use ``make_follower``."""

import os
import subprocess
from collections.abc import Callable, Iterable
from time import monotonic

from order_engine.bootstrap.child import start_child
from order_engine.database.database import Database
from order_engine.exchange.memory_limit import FORK_BYTES_MIN, memory_limit_bytes
from order_engine.exchange.recovery import Recovery, collect_what_was_kept
from order_engine.exchange.state import ExchangeState
from order_engine.followers.audit.files import AUDIT_DIRECTORY
from order_engine.followers.audit.sink import AuditSink
from order_engine.followers.follower import Follower
from order_engine.followers.forked_dump import ForkedDump
from order_engine.followers.process import follow
from order_engine.followers.replica import Replica
from order_engine.followers.sink import Sink
from order_engine.followers.sink_line import Pace, SinkLine
from order_engine.followers.snapshot_taker import Dumping, SavedDump, SnapshotTaker
from order_engine.followers.sql.sink import SqlSink
from order_engine.journal.disk import Disk, LocalDisk
from order_engine.journal.held_file import HeldFile
from order_engine.journal.tail import Tail
from order_engine.journal.watermark import WATERMARK_NAME, SharedWatermark, Watermark
from order_engine.matching.engine import RULES_VERSION
from order_engine.settings import Settings


def make_follower(
    recovery: Recovery,
    disk: Disk,
    sinks: Iterable[Sink],
    watermark: Watermark,
    journal_id: str,
    journal_end: int,
    *,
    opened: Iterable[str] = (),
    begin_dump: Callable[[ExchangeState], Dumping] | None = None,
    before_load: Callable[[], object] = lambda: None,
    pace: Pace | None = None,
    clock: Callable[[], float] = monotonic,
) -> Follower:
    """Build a follower. ``opened`` names the sinks that were opened since the exchange started.

    ``before_load`` is called when no replica is in use, before one is loaded.
    """

    def load(sequence: int) -> ExchangeState:
        before_load()
        return recovery.state_at_or_before(sequence)

    def open_tail(sequence: int) -> Tail:
        return Tail(
            recovery.journal_directory,
            disk,
            rules_version=RULES_VERSION,
            archive=recovery.archive_directory,
            after_sequence=sequence,
        )

    return Follower(
        journal_id,
        journal_end,
        lambda sequence: Replica(load, open_tail, sequence),
        [SinkLine(sink, pace or Pace(), clock) for sink in sinks],
        SnapshotTaker(begin_dump or (lambda state: SavedDump(lambda: recovery.save(state)))),
        watermark,
        opened,
    )


def spawn_follower(
    settings: Settings, journal_id: str, journal_end: int, control_descriptor: int, opened: Iterable[str] = ()
) -> "subprocess.Popen[bytes]":
    """Start the followers' process."""
    arguments = (str(control_descriptor), journal_id, str(journal_end), *opened)
    return start_child(settings, ["follow", *arguments], control_descriptor, stderr=subprocess.PIPE)


def run_follower(
    settings: Settings, control_descriptor: int, journal_id: str, journal_end: int, opened: Iterable[str] = ()
) -> None:
    """Follow the journal until the exchange asks to finish, or is gone."""
    disk = LocalDisk()
    recovery = Recovery(settings.data_dir, disk, archive_directory=settings.archive_dir)
    sinks = (SqlSink(Database(settings.database_url)), audit_sink(settings, disk))
    watermark = SharedWatermark.open(settings.data_dir / WATERMARK_NAME)

    def begin_dump(state: ExchangeState) -> Dumping:
        if memory_limit_bytes() < FORK_BYTES_MIN:
            return SavedDump(lambda: recovery.save(state))
        return ForkedDump(lambda: recovery.save(state), lambda: os.close(control_descriptor))

    follower = make_follower(
        recovery,
        disk,
        sinks,
        watermark,
        journal_id,
        journal_end,
        opened=opened,
        begin_dump=begin_dump,
        # A replica that is loaded again, after a sink was away, must not take the memory of both.
        before_load=collect_what_was_kept,
    )
    follow(follower, control_descriptor)


def audit_sink(settings: Settings, disk: Disk) -> AuditSink:
    """Build the audit log's sink, which locks its directory against other processes."""
    return AuditSink(settings.data_dir / AUDIT_DIRECTORY, disk, HeldFile.of_directory)
