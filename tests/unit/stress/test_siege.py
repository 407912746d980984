"""The siege says what is wrong, counts waits from when orders were due, and holds a server to its memory."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stress import memory_cage
from stress.besieged import waits
from stress.gauges import MIB
from stress.honest_client import HonestClient, Told
from stress.memory_cage import MemoryWatch
from stress.siege import VERIFIED, judged

ROOT = Path(__file__).resolve().parents[3]
WELL: dict[str, Any] = {
    "kills": 0,
    "has_same_processes": True,
    "honest": {"orders": 100, "percentile_99_ms": 240.0},
    "honest_orders": 100,
    "honest_refusals": [],
    "orders_missing": 0,
    "verify": VERIFIED,
    "memory_peak_mib": 300,
    "restart_memory_peak_mib": 300,
}
TAKE_64_MIB = "import sys; kept = bytearray(64 << 20); print('ok', flush=True); sys.stdin.read()"


def test_siege_that_everything_survives_is_well() -> None:
    assert judged(WELL, 250) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"kills": 1}, "processes died, 1 of them for memory"),
        ({"has_same_processes": False}, "processes died, 0 of them for memory"),
        ({"honest": {"percentile_99_ms": 251.0}}, "99 % of the honest orders took up to 251 ms"),
        ({"honest_refusals": ["422"]}, "honest orders were refused: ['422']"),
        ({"orders_missing": 2}, "2 of 100 honest orders are lost"),
        ({"verify": "it differs"}, "verify: it differs"),
        ({"restart_memory_peak_mib": 301}, "the restart needed 301 MiB, the run 300"),
    ],
    ids=str,
)
def test_each_fault_of_a_siege_is_named(wrong: dict[str, Any], told: str) -> None:
    assert judged({**WELL, **wrong}, 250) == [told]


def test_siege_whose_figures_are_kept_was_whole_and_survived() -> None:
    kept = json.loads((ROOT / "stress/results/siege.json").read_text(encoding="utf-8"))

    assert (kept["seconds"], kept["memory_mib"], kept["cage"]) == (300, 512, "ControlGroup")
    assert judged(kept, 250) == []


def test_waits_are_those_of_the_orders_that_were_due_meanwhile() -> None:
    told = Told(due=[0.0, *(1 + number / 100 for number in range(100)), 3.0], waited=[9.0, *[0.001] * 99, 0.5, 9.0])

    assert waits(told, 1, 2) == {
        "orders": 100,
        "percentile_50_ms": 1.0,
        "percentile_99_ms": 1.0,
        "worst_ms": 500.0,
    }
    assert waits(told, 4, 5) == {"orders": 0}


def test_orders_without_a_response_have_waited_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stress.honest_client.monotonic", lambda: 0.0)
    client = HonestClient(1, every_seconds=1.0)
    client.told.due, client.told.waited = [0.0, 1.0], [0.1, 0.1]
    monkeypatch.setattr("stress.honest_client.monotonic", lambda: 5.0)

    told = client.finish()

    assert told.due == [0.0, 1.0, 2.0, 3.0]
    assert told.waited == [0.1, 0.1, 3.0, 2.0]


@pytest.mark.parametrize("has_groups", [True, False], ids=["control group", "watched"])
def test_memory_of_a_cage_is_measured_and_limited(has_groups: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_groups:
        monkeypatch.setattr(memory_cage, "GROUPS", Path("/nowhere"))
    for limit_bytes, is_killed in ((256 * MIB, False), (32 * MIB, True)):
        with memory_cage.memory_cage(limit_bytes) as cage, MemoryWatch(cage) as watch:
            command = cage.command([sys.executable, "-c", TAKE_64_MIB])
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                assert process.stdout.readline() in ((b"", b"ok\n") if is_killed else (b"ok\n",))
                peak = watch.peak_bytes
                process.communicate()

            assert (process.returncode != 0, cage.kills() > 0) == (is_killed, is_killed)
            assert is_killed or 64 * MIB < peak < 128 * MIB
            assert cage.used_bytes() < MIB
