"""The stress run and the benchmark work: servers, load, and the check after it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_short_stress_run_trades_and_breaks_no_rule() -> None:
    command = [sys.executable, "-m", "stress.headless", "--seconds", "2", "--clients", "8", "--seed", "7"]

    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    found = re.findall(r"(\d+) orders, (\d+) trades of \S+ together, (\d+) broken rules", finished.stdout)
    assert len(found) == 3
    assert all(int(orders) and int(trades) and broken == "0" for orders, trades, broken in found)


@pytest.mark.slow
def test_short_benchmark_gives_every_figure() -> None:
    options = ("--seconds", "1", "--rounds", "1", "--connections", "4,1", "--database", "sqlite", "--paths", "--no-pin")
    command = [sys.executable, "-m", "stress.benchmarks.http_durable", *options]

    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    figures = json.loads(finished.stdout)
    assert figures["ratio"] > 0
    rounds = [*figures["durable"], *figures["validating_only"], *figures["by_connections"]["1"]]
    for reads in figures["reads"].values():
        rounds += [*reads["alone"], *reads["beside_orders"], *reads["orders_beside"]]
    assert len(rounds) == 9
    assert all(0 < one["median_ms"] <= one["percentile_95_ms"] <= one["percentile_99_ms"] for one in rounds)
    assert all(one["requests_per_second"] > 0 for one in rounds)
