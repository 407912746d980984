"""The page's own logic, in Node: amounts, the checks of the ticket, the local book. Without Node these are skipped."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SUITES = sorted(ROOT.glob("tests/javascript/*.test.mjs"))


@pytest.fixture(scope="module")
def node() -> str:
    """The path of Node."""
    found = shutil.which("node")
    if found is None:
        reason = "no Node: the program node (Debian: nodejs) is not there"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(f"REQUIRE_SERVICES=1, but {reason}")
        pytest.skip(reason)
    return found


def test_suites_in_node_pass(node: str) -> None:
    assert SUITES

    finished = subprocess.run(
        [node, "--test", *map(str, SUITES)], capture_output=True, text=True, timeout=120, check=False
    )

    assert finished.returncode == 0, finished.stdout
    assert "# pass 0" not in finished.stdout
