"""The matching core of this tree against that of an earlier commit, in alternate rounds of one run.

usage: python -m stress.benchmarks.core_against [--rounds N] [--messages N] [--save] [COMMIT]

Without a commit it measures against the last one before stops, icebergs, sessions, bands and limits came: the ratio
is then their cost for orders that use none of them. If CONFORMANCE_DATA names the directory of the public benchmark's
flow, that is measured too, in fewer rounds. The ratio is the median over the rounds: both trees are measured in each,
so that a busy machine slows both.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stress.benchmarks.conditions import PROJECT, Figures, conditions_now, report

BEFORE_THE_RULEBOOK = "171b3913f9a6"
FLOW_SETTING = "CONFORMANCE_DATA"
FLOW_ROUNDS = 3

Rates = dict[str, list[int]]


def main() -> None:
    """Measure both, and say how they compare."""
    arguments = _arguments()
    conditions = conditions_now()
    before: Rates = {}
    now: Rates = {}
    synthetic_only = {name: text for name, text in os.environ.items() if name != FLOW_SETTING}
    with TemporaryDirectory() as directory:
        unpack(arguments.commit, directory)
        turns = ((Path(directory), before), (PROJECT, now))
        for _ in range(arguments.rounds):
            for tree, rates in turns:
                _measure(tree, ["--messages", str(arguments.messages)], synthetic_only, rates)
        for _ in range(FLOW_ROUNDS if FLOW_SETTING in os.environ else 0):
            for tree, rates in turns:
                _measure(tree, ["--rounds", "1", "--messages", "1"], os.environ, rates)
    figures: Figures = {name: compared(before[name], rates) for name, rates in now.items()}
    report("core-against", conditions, {"against": arguments.commit, **figures}, save=arguments.save)


def compared(before: list[int], now: list[int]) -> Figures:
    """Compare commands a second, round by round."""
    ratios = [after / earlier for earlier, after in zip(before, now, strict=True)]
    return {
        "ratio": round(statistics.median(ratios), 3),
        "messages_per_second": round(statistics.median(now)),
        "messages_per_second_before": round(statistics.median(before)),
        "messages_per_second_by_round": now,
        "messages_per_second_before_by_round": before,
    }


def _measure(tree: Path, options: list[str], environment: Mapping[str, str], rates: Rates) -> None:
    command = [sys.executable, "-m", "stress.benchmarks.core_flow", *options]
    told = subprocess.run(command, cwd=tree, env=environment, stdout=subprocess.PIPE, check=True).stdout
    measured: dict[str, Any] = json.loads(told)  # Any: JSON
    for name, figures in measured.items():
        if isinstance(figures, dict) and figures.get("messages", 0) > 1:
            rates.setdefault(name, []).append(figures["messages_per_second"])


def unpack(commit: str, directory: str) -> None:
    """Write the files of a commit into a directory; exits if this clone does not have it."""
    archived = subprocess.run(["git", "-C", str(PROJECT), "archive", commit], stdout=subprocess.PIPE, check=False)
    if archived.returncode != 0:
        sys.exit(f"commit {commit} is not here: this needs a whole clone of the project")
    with tarfile.open(fileobj=BytesIO(archived.stdout)) as archive:
        archive.extractall(directory, filter="data")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="core_against", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("commit", nargs="?", default=BEFORE_THE_RULEBOOK)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--messages", type=int, default=100_000, help="length of the synthetic flow")
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
