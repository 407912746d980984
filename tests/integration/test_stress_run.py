"""The stress run works from nothing: server, load by locust, and the check of what the load left."""

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
