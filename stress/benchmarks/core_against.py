"""The matching core of this tree against that of an earlier commit, turn by turn in one run.

usage: python -m stress.benchmarks.core_against [--rounds N] [--messages N] [--save] [COMMIT]

Without a commit: the last one before stops, icebergs, sessions, bands and limits came, so that the ratio says what
orders that use none of them pay for them. Measures a flow file of the public benchmark too, as ``core_flow`` does. The
ratio is the median of the ratios of the rounds: in each the two take turns, so that a busy machine slows both.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stress.benchmarks.conditions import PROJECT, Figures, conditions_now, report

BEFORE_THE_RULEBOOK = "171b3913f9a6"

Rates = dict[str, list[int]]


def main() -> None:
    """Measure both, and say how they compare."""
    arguments = _arguments()
    conditions = conditions_now()
    before: Rates = {}
    now: Rates = {}
    with TemporaryDirectory() as directory:
        _unpack(arguments.commit, directory)
        for _ in range(arguments.rounds):
            for tree, rates in ((Path(directory), before), (PROJECT, now)):
                _measure(tree, arguments.messages, rates)
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


def _measure(tree: Path, messages: int, rates: Rates) -> None:
    command = [sys.executable, "-m", "stress.benchmarks.core_flow", "--rounds", "1", "--messages", str(messages)]
    told = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, check=True).stdout
    measured: dict[str, Any] = json.loads(told)  # Any: JSON
    for name, figures in measured.items():
        if isinstance(figures, dict) and "messages_per_second" in figures:
            rates.setdefault(name, []).append(figures["messages_per_second"])


def _unpack(commit: str, directory: str) -> None:
    archived = subprocess.run(["git", "-C", str(PROJECT), "archive", commit], stdout=subprocess.PIPE, check=False)
    if archived.returncode != 0:
        sys.exit(f"commit {commit} is not here: this needs a whole clone of the project")
    with tarfile.open(fileobj=BytesIO(archived.stdout)) as archive:
        archive.extractall(directory, filter="data")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="core_against", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("commit", nargs="?", default=BEFORE_THE_RULEBOOK)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--messages", type=int, default=100_000, help="length of the synthetic flow")
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
