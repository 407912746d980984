"""Processor time that the audit log takes for each command: sentences, chain, line, queue and file, on one processor.

usage: python -m stress.benchmarks.audit_cost [--rounds N] [--commands N] [--seed N] [--save]

The commands are those of the synthetic flow. The recorder's thread shares the exchange's processor: what it takes is
taken from requests.
"""

import argparse
import gc
import os
import statistics
import tempfile
import time
from pathlib import Path

from order_engine.exchange.applied import Applied
from order_engine.followers.audit.log import AuditLog
from order_engine.followers.audit.recorder import AuditRecorder
from order_engine.journal.disk import LocalDisk
from order_engine.journal.record import Record
from order_engine.matching.engine import MatchingEngine
from stress.benchmarks.conditions import conditions_now, report
from stress.benchmarks.core_flow import synthetic_commands

START_NS = 1_700_000_000_000_000_000
GAP_NS = 200_000


def main() -> None:
    """Measure, print, and keep the figures where asked to."""
    arguments = _arguments()
    conditions = conditions_now()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    published = _published(arguments.commands, arguments.seed)
    gc.collect()
    gc.freeze()
    rounds = [_microseconds(published) for _ in range(arguments.rounds)]
    figures = {
        "commands": arguments.commands,
        "seed": arguments.seed,
        "microseconds_per_command": round(statistics.median(taken for taken, _ in rounds), 2),
        "microseconds_per_command_by_round": [round(taken, 2) for taken, _ in rounds],
        "bytes_per_command": round(rounds[0][1]),
    }
    report("audit-cost", conditions, figures, save=arguments.save)


def _published(count: int, seed: int) -> list[Applied]:
    engine = MatchingEngine()
    published = []
    for sequence, command in enumerate(synthetic_commands(count, seed), start=1):
        timestamp_ns = START_NS + sequence * GAP_NS
        record = Record(sequence=sequence, timestamp_ns=timestamp_ns, commands=(command,))
        published.append(Applied(record, [engine.apply(command, sequence, timestamp_ns)]))
    return published


def _microseconds(published: list[Applied]) -> tuple[float, float]:
    """Return processor time and bytes for each command, from the first that is published to the last on disk."""
    with tempfile.TemporaryDirectory(prefix="exchange-audit-") as directory:
        recorder = AuditRecorder(AuditLog(Path(directory), LocalDisk()), lambda _after, _until: published[:0])
        recorder.start("benchmark", 0)
        started = time.process_time()
        for number, applied in enumerate(published):
            recorder.publish(applied)
            if number % 1_000 == 0:
                time.sleep(0.001)  # The queue must not overflow: commands never come all at once.
        recorder.close(timeout_seconds=600)
        taken = time.process_time() - started
        written = sum(path.stat().st_size for path in Path(directory).iterdir())
        assert recorder.durable_sequence == len(published), recorder.status
    return taken * 1e6 / len(published), written / len(published)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="audit_cost", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--commands", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
