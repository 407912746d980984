"""Processor time that following the journal takes for each command: replica, audit log, SQLite, and all together.

The feeds have a replica of their own; what they take is measured while nobody listens.

usage: python -m stress.benchmarks.follower_cost [--rounds N] [--commands N] [--seed N] [--save]

The commands are those of the synthetic flow, in a journal on disk. The followers run in their own process, so
this time is not taken from requests; but it bounds how many orders a second they can follow.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from order_engine.bootstrap.feeding import make_replica
from order_engine.bootstrap.following import make_follower
from order_engine.database.database import Database
from order_engine.exchange.applied import Applied
from order_engine.exchange.recovery import Recovery
from order_engine.feeds.feeds import Feeds
from order_engine.followers.audit.sink import AuditSink
from order_engine.followers.sink import Sink
from order_engine.followers.sql.sink import SqlSink
from order_engine.journal.committer import Committer
from order_engine.journal.disk import LocalDisk
from order_engine.journal.record import Record
from order_engine.journal.watermark import MemoryWatermark
from order_engine.matching.engine import RULES_VERSION
from stress.benchmarks.conditions import conditions_now, report
from stress.benchmarks.core_flow import synthetic_commands

JOURNAL_ID = "b" * 32
START_NS = 1_700_000_000_000_000_000
GAP_NS = 200_000


class NothingKept:
    """A sink that drops its records: what remains is the cost of the replica."""

    name = "sql"

    def __init__(self) -> None:
        self.sequence = 0

    def open(self, journal_id: str, journal_end: int) -> int:
        """Return 0: nothing is written."""
        del journal_id, journal_end
        return self.sequence

    def write(self, batch: Sequence[Applied]) -> None:
        """Drop the records."""
        self.sequence = batch[-1].record.last_sequence

    def sync(self) -> int:
        """Return the last sequence: there is nothing to sync."""
        return self.sequence

    def close(self) -> None:
        """Do nothing."""


def main() -> None:
    """Measure, print, and save the figures if that is wanted."""
    arguments = _arguments()
    conditions = conditions_now()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    rounds = [_round(arguments.commands, arguments.seed) for _ in range(arguments.rounds)]
    figures = {
        "commands": arguments.commands,
        "seed": arguments.seed,
        "microseconds_per_command": {
            name: round(statistics.median(taken[name] for taken in rounds), 2) for name in rounds[0]
        },
    }
    report("follower-cost", conditions, figures, save=arguments.save)


def _round(count: int, seed: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="exchange-followers-") as name:
        directory = Path(name)
        recovery = Recovery(directory, LocalDisk())
        watermark = MemoryWatermark()
        _write_journal(recovery, watermark, count, seed)
        sinks: dict[str, list[Sink]] = {
            "replica": [NothingKept()],
            "replica_and_audit": [AuditSink(directory / "audit", LocalDisk())],
            "replica_and_sqlite": [SqlSink(Database(f"sqlite:///{directory}/alone.db"))],
            "all": [AuditSink(directory / "all", LocalDisk()), SqlSink(Database(f"sqlite:///{directory}/all.db"))],
        }
        taken = {what: _follow(recovery, watermark, some) for what, some in sinks.items()}
        taken["replica_and_feeds"] = _feed(recovery, watermark)
        return {what: seconds * 1e6 / count for what, seconds in taken.items()}


def _write_journal(recovery: Recovery, watermark: MemoryWatermark, count: int, seed: int) -> None:
    journal = Committer(
        recovery.journal_directory,
        LocalDisk(),
        end=recovery.latest().end,
        journal_id=JOURNAL_ID,
        rules_version=RULES_VERSION,
        clock=lambda: START_NS,
        watermark=watermark,
    )
    for sequence, command in enumerate(synthetic_commands(count, seed), start=1):
        journal.append(Record(sequence=sequence, timestamp_ns=START_NS + sequence * GAP_NS, commands=(command,)))
    journal.close()


def _follow(recovery: Recovery, watermark: MemoryWatermark, sinks: Sequence[Sink]) -> float:
    """Return the processor time from the first record to the last, written and synced; migrations are not counted."""
    follower = make_follower(recovery, LocalDisk(), sinks, watermark, JOURNAL_ID, watermark.visible)
    for sink in sinks:
        sink.open(JOURNAL_ID, watermark.visible)
        sink.close()
    began = time.process_time()
    while not follower.finish(watermark.visible):
        pass
    taken = time.process_time() - began
    follower.close()
    return taken


def _feed(recovery: Recovery, watermark: MemoryWatermark) -> float:
    replica = make_replica(recovery, watermark.visible)
    assert replica.sequence == 0, "the feeds begin further back than the measured commands"
    feeds = Feeds(lambda: replica.state.engine, replica.sequence)
    began = time.process_time()
    while read := replica.read(watermark.visible, 1):
        feeds.take(read[0])
        feeds.look()
    taken = time.process_time() - began
    replica.close()
    return taken


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="follower_cost", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--commands", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
