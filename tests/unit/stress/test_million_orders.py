"""The benchmark of many live orders runs, with few orders, and prints its figures."""

import json
import subprocess
import sys

from stress.benchmarks.conditions import PROJECT


def test_orders_are_placed_saved_recovered_and_taken_as_requests() -> None:
    command = [sys.executable, "-m", "stress.benchmarks.million_orders", "--orders", "2000"]

    told = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stderr
    figures = json.loads(told.stdout)
    assert figures["orders"] == 2_000
    assert 50 < figures["built"]["snapshot_bytes_an_order"] < 200
    assert figures["recovered"]["bytes_an_order_without_the_code"] < 3_000
    assert figures["recovered"]["seconds"] < 6
    assert figures["placed"]["orders"] == 2_000
    assert figures["placed"]["bytes_an_order_without_the_code"] > 0
