"""A short siege with small attacks: everything survives it, and the restart needs no more memory than the run.

SIEGE_SECONDS makes it longer, and its attacks larger; `.ci/run` gives it more. How long the honest orders wait is not
judged here: other tests use the processors too.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stress.attacks.every_attack import every_attack
from stress.attacks.memory import RestingOrders
from tests.scale import scaled

ROOT = Path(__file__).resolve().parents[2]
SECONDS = scaled("SIEGE_SECONDS", 15)
# What a request may come to: a response, or a connection that was closed.
STATUSES = {"200", "201", "400", "403", "404", "413", "421", "422", "431", "503", "closed", "ConnectionResetError"}


@pytest.mark.slow
def test_small_server_survives_every_attack() -> None:
    command = [sys.executable, "-m", "stress.siege", "--seconds", str(SECONDS), "--p99-ms", "60000"]

    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=4 * SECONDS + 120, check=False)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    figures = json.loads(finished.stdout)
    assert figures["broken"] == []
    assert figures["honest_orders"] > 100
    names = [window["attack"] for window in figures["windows"]]
    attacks = [attack.name for attack in every_attack(RestingOrders())]
    assert names == [*attacks, "all of them together", "the book filled to its bound"]
    assert figures["windows"][-1]["outcome"]["422"] > 0
    assert {status for window in figures["windows"] for status in window["outcome"]} <= STATUSES
