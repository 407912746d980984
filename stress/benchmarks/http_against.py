"""Durable POST /orders on this tree's server against that of an earlier commit, turn by turn in one run.

usage: python -m stress.benchmarks.http_against COMMIT [--connections 1,64] [--seconds S] [--rounds N] [--min RATIO]
    [--save]

The exchange keeps to the first processor (EXCHANGE_CPU) and its followers to the second; an earlier tree that knows no
such setting is kept to the first as a whole. The load has the second. The ratio is the median of the ratios of the
rounds. Both run in this tree's Python environment.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stress.benchmarks.conditions import Figures, conditions_now, report
from stress.benchmarks.core_against import unpack
from stress.benchmarks.http_durable import PATH, counts, rounded
from stress.benchmarks.http_load import Load, processors
from stress.server import RunningServer, exchange_server, python_on, serving
from stress.workloads import resting_and_crossing

BODIES = 2_000


def main() -> None:
    """Measure, print, and fail if the ratio is below the one asked for."""
    arguments = _arguments()
    conditions = conditions_now()
    allowed = processors()
    server_on, load_on = allowed[0], allowed[-1]
    os.sched_setaffinity(0, {load_on})
    bodies = resting_and_crossing(1, "AAPL", BODIES)
    with (
        exchange_server(processors=allowed, environment={"EXCHANGE_CPU": str(server_on)}) as now,
        _earlier_server(arguments.commit, allowed) as before,
    ):
        measured = {
            str(count): _measured(Load(bodies, count, arguments.seconds, load_on), now, before, arguments.rounds)
            for count in arguments.connections
        }
    report("http-against", conditions, {"against": arguments.commit, "connections": measured}, save=arguments.save)
    if slow := {count: ratio for count, found in measured.items() if (ratio := found["ratio"]) < arguments.min}:
        sys.exit(f"below {arguments.min}: {slow}")


@contextmanager
def _earlier_server(commit: str, allowed: list[int]) -> Iterator[RunningServer]:
    with tempfile.TemporaryDirectory(prefix="exchange-before-") as directory:
        tree = Path(directory, "tree")
        tree.mkdir()
        unpack(commit, str(tree))
        settings = {"DATA_DIR": f"{directory}/exchange", "HOST": "127.0.0.1"}
        if (tree / "order_engine/server/processors.py").exists():
            settings["EXCHANGE_CPU"] = str(allowed[0])
        else:
            allowed = allowed[:1]
        command = python_on(allowed, "-m", "order_engine", "serve")
        log = Path(directory, "server.log")
        with serving(command, settings, ready_path="/readyz", log=log, tree=tree) as server:
            yield server


def _measured(load: Load, now: RunningServer, before: RunningServer, rounds: int) -> Figures:
    found = [(load.put_on(now.port, PATH), load.put_on(before.port, PATH)) for _ in range(rounds)]
    ratio = statistics.median(ours.requests_per_second / theirs.requests_per_second for ours, theirs in found)
    return {
        "ratio": round(ratio, 3),
        "now": [rounded(ours) for ours, _ in found],
        "before": [rounded(theirs) for _, theirs in found],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="http_against", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("commit")
    parser.add_argument("--connections", type=counts, default=[1, 64])
    parser.add_argument("--seconds", type=int, default=4, help="length of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--min", type=float, default=0.0, help="the ratio to reach at each number of connections")
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
