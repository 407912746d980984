"""A siege: a small server takes every attack, one after another and together, while one honest client trades.

usage: python -m stress.siege [--seconds S] [--memory MIB] [--p99-ms MS] [--against COMMIT] [--save]

The server has one processor, and so much memory for all of its processes. Half of the time goes to the attacks one by
one, half to all of them at once. A siege of less than 300 seconds has smaller attacks, in proportion. Then the server
is stopped, ``verify`` must be clean, and a restart under the same limit must need no more memory than the run. Exits 1
if a process died, if an order of the honest client is lost or refused, or if too many of them waited too long.

With ``--against`` each attack is made alone instead, on a server of that commit and on today's.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stress.attacks.attack import Attack
from stress.attacks.every_attack import every_attack
from stress.attacks.memory import RestingOrders
from stress.attacks_alone import attacks_alone
from stress.benchmarks.conditions import PROJECT, Figures, conditions_now, report
from stress.besieged import Besieged, HonestProcess, processors, waits
from stress.campaign import Campaign
from stress.conservation import ApiReader
from stress.gauges import MIB
from stress.health import LagWatch
from stress.honest_client import MAKER, TAKER, Told
from stress.memory_cage import MemoryWatch, memory_cage
from stress.server import NOT_INHERITED, RunningServer

FULL_SECONDS = 300
CATCH_UP_SECONDS_MAX = 120
VERIFIED = "ok"
ATTACKERS_NICENESS = 15


def besiege(besieged: Besieged, watch: MemoryWatch, seconds: int) -> Figures:
    """Attack a server, stop it, verify what it left, and start it again; return the figures."""
    resting = RestingOrders()
    attacks = every_attack(resting)
    with besieged.serve() as server:
        target, honest = besieged.target(server), HonestProcess(server.port)
        processes, began = target.processes(), time.monotonic()
        campaign = Campaign(target, watch)
        campaign.one_after_another(attacks, seconds / 2)
        campaign.together(attacks, seconds / 2)
        campaign.one_after_another([Attack("the book filled to its bound", resting.fill)], 0)
        told, ended = honest.finish(), time.monotonic()
        has_same_processes = target.processes()[: len(processes)] == processes
    verified = _verify(besieged.data)
    watch.begin()
    started = time.monotonic()
    with besieged.serve() as server:
        ready_seconds = time.monotonic() - started
        missing = _missing(server, told)
        restart_peak = watch.peak_bytes
    return {
        "attacks": len(attacks),
        "windows": [window.figures(told) for window in campaign.windows],
        "honest": waits(told, began, ended),
        "honest_orders": len(told.order_ids),
        "honest_refusals": told.refusals[:5],
        "honest_failures": told.failures,
        "has_same_processes": has_same_processes,
        "kills": besieged.cage.kills(),
        "memory_peak_mib": max(window.memory_peak for window in campaign.windows) // MIB,
        "restart_ready_seconds": round(ready_seconds, 1),
        "restart_memory_peak_mib": restart_peak // MIB,
        "orders_missing": missing,
        "verify": verified,
    }


def judged(figures: dict[str, Any], p99_ms: float) -> list[str]:
    """Return what the siege showed to be wrong."""
    broken = []
    if figures["kills"] or not figures["has_same_processes"]:
        broken.append(f"processes died, {figures['kills']} of them for memory")
    if figures["honest"]["percentile_99_ms"] > p99_ms:
        broken.append(f"99 % of the honest orders took up to {figures['honest']['percentile_99_ms']:.0f} ms")
    if figures["honest_refusals"]:
        broken.append(f"honest orders were refused: {figures['honest_refusals']}")
    if figures["orders_missing"]:
        broken.append(f"{figures['orders_missing']} of {figures['honest_orders']} honest orders are lost")
    if figures["verify"] != VERIFIED:
        broken.append(f"verify: {figures['verify']}")
    if figures["restart_memory_peak_mib"] > figures["memory_peak_mib"]:
        broken.append(
            f"the restart needed {figures['restart_memory_peak_mib']} MiB, the run {figures['memory_peak_mib']}"
        )
    return broken


def _verify(data: Path) -> str:
    """Run ``verify``; return ``ok`` or what it says."""
    command = [sys.executable, "-m", "order_engine", "verify"]
    inherited = {name: text for name, text in os.environ.items() if name not in NOT_INHERITED}
    finished = subprocess.run(
        command, cwd=PROJECT, env=inherited | {"DATA_DIR": str(data)}, capture_output=True, text=True, check=False
    )
    return VERIFIED if finished.returncode == 0 else (finished.stdout + finished.stderr)[-1_000:]


def _missing(server: RunningServer, told: Told) -> int:
    """Count the orders that the honest client was given and the server no longer has."""
    with LagWatch(server.port) as lags:
        lags.wait_caught_up(CATCH_UP_SECONDS_MAX)
    reader = ApiReader(server.port)
    found = {row["order_id"] for user in (MAKER, TAKER) for row in reader.rows("orders", user_id=user)}
    reader.close()
    return len(set(told.order_ids) - found)


def main() -> None:
    """Run the siege, or make each attack alone, on another commit and on today's."""
    arguments = _arguments()
    conditions = conditions_now()
    os.sched_setaffinity(0, set(processors()[1:]))
    if arguments.against:
        alone = attacks_alone(arguments.against, arguments.memory * MIB)
        report("attacks", conditions, {"against": arguments.against, "attacks": alone}, save=arguments.save)
        return
    size = arguments.size or min(1.0, arguments.seconds / FULL_SECONDS)
    with (
        TemporaryDirectory(prefix="exchange-siege-") as directory,
        memory_cage(arguments.memory * MIB) as cage,
        MemoryWatch(cage) as watch,
    ):
        figures = besiege(Besieged(PROJECT, cage, Path(directory), size), watch, arguments.seconds)
    broken = judged(figures, arguments.p99_ms)
    settings = {"seconds": arguments.seconds, "memory_mib": arguments.memory, "cage": type(cage).__name__}
    report("siege", conditions, {**settings, **figures, "broken": broken}, save=arguments.save)
    if broken:
        sys.exit(f"siege: {'; '.join(broken)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="siege", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=FULL_SECONDS)
    parser.add_argument("--size", type=float, help="of the attacks; by default 1 in a siege of 300 seconds")
    parser.add_argument("--memory", type=int, default=512, help="MiB for all processes of the server")
    parser.add_argument("--p99-ms", type=float, default=250, help="how long 99 %% of the honest orders may wait")
    parser.add_argument("--against", metavar="COMMIT", help="make each attack alone, on this commit and on today's")
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
