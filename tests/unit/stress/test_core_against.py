"""Two trees of the project are measured in each round, and the ratio is that of the rounds."""

import json
import os
import subprocess
import sys

import pytest

from stress.benchmarks.conditions import PROJECT
from stress.benchmarks.core_against import FLOW_SETTING, compared


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stress.benchmarks.core_against", "--rounds", "2", "--messages", "300", *arguments]
    # The synthetic flow is enough here; the public one takes minutes.
    environment = {name: text for name, text in os.environ.items() if name != FLOW_SETTING}
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


def test_ratio_is_the_median_of_the_rounds() -> None:
    figures = compared([100, 100, 50], [110, 90, 100])

    assert figures["ratio"] == 1.1
    assert (figures["messages_per_second_before"], figures["messages_per_second"]) == (100, 100)


@pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="not a clone: there is no earlier commit to unpack")
def test_earlier_commit_is_measured_beside_this_tree() -> None:
    told = run("HEAD")

    assert told.returncode == 0, told.stderr
    synthetic = json.loads(told.stdout)["synthetic"]
    assert len(synthetic["messages_per_second_by_round"]) == len(synthetic["messages_per_second_before_by_round"]) == 2


def test_commit_that_is_not_here_is_told_in_one_line() -> None:
    told = run("no-such-commit")

    assert told.returncode == 1
    assert told.stderr.splitlines()[-1].startswith("commit no-such-commit is not here")
