"""Each attack alone, on a server of an earlier commit and on one of today: what it cost then, and costs now.

The earlier server has more memory, so that it shows how much it takes; a cap and a limit of time keep it from taking
the machine. An honest client trades meanwhile. Afterwards the server is killed, and started again.
"""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from stress.attacks.attack import Attack
from stress.attacks.every_attack import every_attack
from stress.attacks.memory import RestingOrders
from stress.benchmarks.conditions import PROJECT, Figures
from stress.benchmarks.core_against import unpack
from stress.besieged import Besieged, HonestProcess, waits
from stress.campaign import Window, strike_for, struck
from stress.gauges import MIB
from stress.memory_cage import MemoryWatch, memory_cage
from stress.server import ServerDown

MEMORY_THEN, MEMORY_NOW = 2_048 * MIB, 512 * MIB
STRIKE_SECONDS = 4
HANG_SECONDS_MAX = 30


def attacks_alone(commit: str, memory_now: int = MEMORY_NOW, size: float = 1.0) -> list[Figures]:
    """Make every attack on both; return a row of figures for each."""
    with TemporaryDirectory() as tree:
        unpack(commit, tree)
        sides = {"then": (Path(tree), MEMORY_THEN), "now": (PROJECT, memory_now)}
        return [_both(number, sides, size) for number in range(len(every_attack(RestingOrders())))]


def _both(number: int, sides: Mapping[str, tuple[Path, int]], size: float) -> Figures:
    row: Figures = {}
    for side, (tree, memory_bytes) in sides.items():
        # Attacks have a state of their own, such as what they have named.
        attack = every_attack(RestingOrders())[number]
        row |= {"attack": attack.name, side: _cost(attack, tree, memory_bytes, size)}
        print(f"{side:4} {attack.name}: {row[side]}", file=sys.stderr, flush=True)
    return row


def _cost(attack: Attack, tree: Path, memory_bytes: int, size: float) -> Figures:
    """Make one attack on a server of its own."""
    with (
        TemporaryDirectory(prefix="exchange-attack-") as directory,
        memory_cage(memory_bytes) as cage,
        MemoryWatch(cage) as watch,
    ):
        besieged = Besieged(tree, cage, Path(directory), size)
        with besieged.serve() as server:
            target, honest = besieged.target(server), HonestProcess(server.port)
            processes, prepared = target.processes(), struck(attack.prepare, target)
            watch.begin()
            window = Window(attack.name)
            striking = Thread(target=strike_for, args=(attack, target, window, STRIKE_SECONDS), daemon=True)
            striking.start()
            striking.join(HANG_SECONDS_MAX)
            # What an attack leaves behind may cost more than the attack.
            Event().wait(max(0.0, window.begin + STRIKE_SECONDS - time.monotonic()))
            window.end = time.monotonic()
            is_over, told = not striking.is_alive(), honest.finish()
            figures: Figures = {
                "outcome": dict(prepared + window.outcome),
                "seconds": round(window.end - window.begin, 1),
                "is_over": is_over,
                "honest": waits(told, window.begin, window.end),
                "refused": len(told.refusals),
                "memory_peak_mib": watch.peak_bytes // MIB,
                "died": target.processes()[: len(processes)] != processes or cage.kills() > 0,
            }
            cage.kill()
        return {**figures, **_restart(besieged, watch)}


def _restart(besieged: Besieged, watch: MemoryWatch) -> Figures:
    """Start the killed server again; return how long it takes, and its memory."""
    watch.begin()
    started = time.monotonic()
    try:
        with besieged.serve():
            ready_seconds = round(time.monotonic() - started, 1)
            peak = watch.peak_bytes // MIB
            besieged.cage.kill()
            return {"restart_seconds": ready_seconds, "restart_memory_peak_mib": peak}
    except ServerDown:
        return {"restart_seconds": None, "restart_memory_peak_mib": watch.peak_bytes // MIB}
