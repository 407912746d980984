"""The benchmark of snapshots beside orders runs, with few orders, and prints its figures and broken bounds."""

import json
import subprocess
import sys

from stress.benchmarks.conditions import PROJECT

ROUND = {"requests_per_second", "median_ms", "percentile_95_ms", "percentile_99_ms", "percentile_99_9_ms"}


def test_rounds_without_and_with_snapshots_are_measured() -> None:
    command = [sys.executable, "-m", "stress.benchmarks.snapshot_stall", "--no-pin", "--database", "sqlite"]
    command += ["--orders", "2000", "--connections", "4", "--seconds", "1", "--rounds", "1", "--bytes-max", "1"]

    told = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert "sqlite: bytes_an_order is" in told.stderr, told.stderr
    assert told.returncode == 1
    figures = json.loads(told.stdout)
    found = figures["databases"]["sqlite"]
    assert figures["orders"] == 2_000
    assert found["without_snapshots"][0].keys() == found["with_snapshots"][0].keys() == ROUND
    assert len(found["snapshot_seconds"]) >= 1
    assert found["ready_seconds"] < 60
