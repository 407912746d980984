"""A short soak run works; only a leak of megabytes a second would fail it.

SOAK_SECONDS makes it longer; `.ci/run` gives it some minutes.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scale import scaled

ROOT = Path(__file__).resolve().parents[2]
SECONDS = scaled("SOAK_SECONDS", 8)


@pytest.mark.slow
def test_soak_grows_nothing_and_loses_nothing() -> None:
    command = [sys.executable, "-m", "stress.soak", "--seconds", str(SECONDS), "--clients", "4", "--seed", "7"]

    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS + 180, check=False)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    figures = json.loads(finished.stdout)
    assert figures["broken"] == []
    assert figures["requests"] > figures["refusals"] > 0
    last = figures["samples"][-1]
    assert (last["database_lag"], last["audit_lag"]) == (0, 0)
    assert last["sequence"] > 100
