"""The exchange keeps to one processor, which differs between instances; its followers take the others."""

import os
import subprocess
import sys

import pytest

from order_engine.server.processors import NICENESS, choose_processor
from order_engine.settings import SettingInvalid

SCRIPT = """
import os, subprocess, sys
from order_engine.server.processors import keep_to
keep_to(None if sys.argv[1] == "none" else int(sys.argv[1]))
print(*os.sched_getaffinity(0))
subprocess.run([sys.executable, "-c", sys.argv[2]], check=True)
"""
FOLLOWER = """
import os
from order_engine.server.processors import leave_to_exchange
leave_to_exchange()
print(*os.sched_getaffinity(0))
"""


def test_instances_on_one_machine_keep_to_different_processors() -> None:
    assert {choose_processor(None, {0, 1, 2}, port) for port in (5000, 5001, 5002)} == {0, 1, 2}


def test_only_processor_is_not_kept_to() -> None:
    assert choose_processor(None, {3}, 5000) is None


@pytest.mark.parametrize(("wanted", "chosen"), [(1, 1), (0, 0), ("none", None)])
def test_setting_names_the_processor(wanted: int | str, chosen: int | None) -> None:
    assert choose_processor(wanted, {0, 1}, 5000) == chosen


def test_processor_that_is_not_allowed_stops_the_start() -> None:
    with pytest.raises(SettingInvalid, match=r"EXCHANGE_CPU: found 7, expected none or one of \[0, 1\]"):
        choose_processor(7, {0, 1}, 5000)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system binds no process to a processor")
def test_followers_run_where_the_exchange_does_not() -> None:
    allowed = os.sched_getaffinity(0)
    kept = min(allowed)

    output = subprocess.run(
        [sys.executable, "-u", "-c", SCRIPT, str(kept), FOLLOWER], capture_output=True, text=True, check=True
    ).stdout

    exchange, followers = output.splitlines()
    assert exchange == str(kept)
    assert set(map(int, followers.split())) == (allowed - {kept} or allowed)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system binds no process to a processor")
@pytest.mark.parametrize("is_kept_to", [True, False])
def test_followers_give_way_to_the_exchange_on_the_only_processor(is_kept_to: bool) -> None:
    only = min(os.sched_getaffinity(0))
    bound = f"import os\nos.sched_setaffinity(0, [{only}])\n{SCRIPT}"
    arguments = (str(only) if is_kept_to else "none", FOLLOWER + "print(os.nice(0))")

    output = subprocess.run(
        [sys.executable, "-u", "-c", bound, *arguments], capture_output=True, text=True, check=True
    ).stdout

    assert output.splitlines() == [str(only), str(only), str(os.nice(0) + NICENESS)]
