"""The server keeps to one processor; what it starts may use all that the server was allowed."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, subprocess, sys
from order_engine.server.processors import keep_to_one
keep_to_one()
print(len(os.sched_getaffinity(0)))
subprocess.run([sys.executable, "-c", sys.argv[1]], check=True)
"""
CHILD = """
import os
from order_engine.server.processors import use_all_allowed
use_all_allowed()
print(len(os.sched_getaffinity(0)))
"""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system binds no process to a processor")
def test_child_of_a_pinned_process_uses_all_that_its_parent_might() -> None:
    allowed = len(os.sched_getaffinity(0))

    output = subprocess.run(
        [sys.executable, "-u", "-c", SCRIPT, CHILD], capture_output=True, text=True, check=True
    ).stdout

    assert output.split() == ["1", str(allowed)]
