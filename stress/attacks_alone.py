"""Each attack alone, on a server of an earlier commit and on one of today: what it cost then, and costs now.

The earlier server has more memory, so that it shows how much it takes; a cap and a limit of time keep it from taking
the machine. An honest client trades meanwhile. Afterwards the server is killed, and started again.
"""

import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from stress.attacks.attack import Attack, Target
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
PREPARE_SECONDS_MAX = 30
STRIKE_SECONDS = 2
HANG_SECONDS_MAX = 10
RESTART_SECONDS_MAX = 20


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
            processes, window = target.processes(), Window(attack.name)
            watch.begin()
            is_over = _strike(attack, target, window)
            told = honest.finish()
            figures: Figures = {
                "outcome": dict(window.outcome),
                "seconds": round(window.end - window.begin, 1),
                "is_over": is_over,
                "honest": waits(told, window.begin, window.end),
                "refused": len(told.refusals),
                "memory_peak_mib": watch.peak_bytes // MIB,
                "kills": cage.kills(),
                "died": target.processes()[: len(processes)] != processes,
            }
            cage.kill()
        return {**figures, **_restart(besieged, watch)}


def _strike(attack: Attack, target: Target, window: Window) -> bool:
    """Prepare an attack and make it; return whether it was over in time. The window is that of the attack alone."""

    def make() -> None:
        window.outcome += struck(attack.prepare, target)
        is_prepared.set()
        strike_for(attack, target, window, STRIKE_SECONDS)

    is_prepared, making = Event(), Thread(target=make, daemon=True)
    making.start()
    is_prepared.wait(PREPARE_SECONDS_MAX)
    window.begin = time.monotonic()
    making.join(HANG_SECONDS_MAX)
    # What an attack leaves behind may cost more than the attack.
    Event().wait(max(0.0, window.begin + STRIKE_SECONDS - time.monotonic()))
    window.end = time.monotonic()
    return not making.is_alive()


def _restart(besieged: Besieged, watch: MemoryWatch) -> Figures:
    """Start the killed server again; return how long it takes, and its memory."""
    watch.begin()
    kills, started = besieged.cage.kills(), time.monotonic()
    ready_seconds = None
    with suppress(ServerDown), besieged.serve(RESTART_SECONDS_MAX):
        ready_seconds = round(time.monotonic() - started, 1)
        besieged.cage.kill()
    return {
        "restart_seconds": ready_seconds,
        "restart_seconds_max": RESTART_SECONDS_MAX,
        "restart_memory_peak_mib": watch.peak_bytes // MIB,
        "restart_kills": besieged.cage.kills() - kills,
    }
