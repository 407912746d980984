"""A campaign: attacks on one server, one after another or all at once, and what happened meanwhile."""

import http.client
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread, get_native_id

from stress.attacks.attack import Attack, Outcome, Target
from stress.benchmarks.conditions import Figures
from stress.besieged import waits
from stress.gauges import MIB
from stress.honest_client import Told
from stress.memory_cage import MemoryWatch

ATTACKERS_NICENESS = 15


@dataclass
class Window:
    """What happened while an attack was made."""

    name: str
    begin: float = field(default_factory=time.monotonic)
    end: float = 0.0
    strikes: int = 0
    outcome: Outcome = field(default_factory=Outcome)
    memory_peak: int = 0
    memory_shares: list[int] = field(default_factory=list)

    def figures(self, told: Told) -> Figures:
        """Return the figures, with the waits of the honest client meanwhile."""
        return {
            "attack": self.name,
            "seconds": round(self.end - self.begin, 1),
            "strikes": self.strikes,
            "outcome": dict(self.outcome),
            "honest": waits(told, self.begin, self.end),
            "memory_peak_mib": self.memory_peak // MIB,
            "resident_mib": self.memory_shares,
        }


class Campaign:
    """Makes attacks on one server, and notes when."""

    def __init__(self, target: Target, watch: MemoryWatch) -> None:
        self._target = target
        self._watch = watch
        self.windows: list[Window] = []

    def one_after_another(self, attacks: Sequence[Attack], seconds: float) -> None:
        """Prepare each attack and make it for its share of the time, at least once."""
        for attack in attacks:
            window = self._open(attack.name)
            struck(attack.prepare, self._target)
            strike_for(attack, self._target, window, seconds / len(attacks))
            self._close(window)

    def together(self, attacks: Sequence[Attack], seconds: float) -> None:
        """Make all attacks at once."""
        window = self._open("all of them together")
        parts = [Window(attack.name) for attack in attacks]
        threads = [
            Thread(target=strike_for, args=(attack, self._target, part, seconds))
            for attack, part in zip(attacks, parts, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        window.strikes = sum(part.strikes for part in parts)
        for part in parts:
            window.outcome += part.outcome
        self._close(window)

    def _open(self, name: str) -> Window:
        self._watch.begin()
        return Window(name)

    def _close(self, window: Window) -> None:
        window.end = time.monotonic()
        window.memory_peak = self._watch.peak_bytes
        window.memory_shares = self._watch.peak_shares
        self.windows.append(window)
        print(
            f"{window.end - window.begin:6.1f} s  {window.memory_peak / MIB:6.1f} MiB  {window.memory_shares}  "
            f"{window.name}: {dict(window.outcome)}",
            file=sys.stderr,
            flush=True,
        )


def strike_for(attack: Attack, target: Target, window: Window, seconds: float) -> None:
    """Strike again and again, with the attack's pauses; the honest client has precedence on its processor."""
    os.setpriority(os.PRIO_PROCESS, get_native_id(), ATTACKERS_NICENESS)
    pause, until = Event(), time.monotonic() + seconds
    while True:
        started = time.monotonic()
        window.outcome += struck(attack.strike, target)
        window.strikes += 1
        next_strike = started + attack.every_seconds
        if next_strike >= until:
            return
        pause.wait(max(0.0, next_strike - time.monotonic()))


def struck(action: Callable[[Target], Outcome | None], target: Target) -> Outcome:
    """Do something to a target; return what came of it, or how the connection failed."""
    try:
        return action(target) or Outcome()
    except (OSError, http.client.HTTPException) as error:
        return Outcome([type(error).__name__])
