"""The server of a siege: in a cage, on one processor, with one honest client on another."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from order_engine.exchange.memory_limit import live_orders_that_fit
from order_engine.testing.server_process import START_SECONDS_MAX
from stress.attacks.attack import Target
from stress.gauges import family_of
from stress.honest_client import Told
from stress.memory_cage import ControlGroup, MemoryCage
from stress.server import PROJECT, RunningServer, python_on, serving

SNAPSHOT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Besieged:
    """How a server is run: its program, the cage for its memory, its directory, and the size of the attacks."""

    tree: Path
    cage: MemoryCage
    directory: Path
    size: float

    @property
    def data(self) -> Path:
        """The server's data directory."""
        return self.directory / "data"

    @contextmanager
    def serve(self, start_seconds_max: float = START_SECONDS_MAX) -> Iterator[RunningServer]:
        """Serve in the cage; at the end stop the server and kill what is left of it."""
        command = self.cage.command(python_on(processors()[:1], "-m", "order_engine", "serve"))
        settings = {"DATA_DIR": str(self.data), "SNAPSHOT_INTERVAL_SEC": str(SNAPSHOT_SECONDS), **self._bound()}
        log = self.directory / "server.log"
        try:
            with serving(
                command,
                settings,
                ready_path="/readyz",
                log=log,
                tree=self.tree,
                start_seconds_max=start_seconds_max,
            ) as server:
                yield server
        finally:
            self.cage.kill()

    def target(self, server: RunningServer) -> Target:
        """Return the running server as a target of attacks."""
        return Target(server.port, self.data, lambda: family_of(server.process.pid), self.size)

    def _bound(self) -> dict[str, str]:
        """Say how many orders fit, where the server cannot know it or the attacks are smaller."""
        if self.size == 1 and isinstance(self.cage, ControlGroup):
            return {}
        return {"MAX_LIVE_ORDERS": str(round(live_orders_that_fit(self.cage.limit_bytes) * self.size))}


class HonestProcess:
    """The honest client in a process of its own, so that nobody else's work counts as its wait."""

    def __init__(self, port: int) -> None:
        command = python_on(processors()[1:], "-m", "stress.honest_client", str(port))
        self._process = subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sys.stderr
        )

    def finish(self) -> Told:
        """End it; return what it saw."""
        told, _ = self._process.communicate()
        return Told(**json.loads(told))


def processors() -> Sequence[int]:
    """Return the processors of this machine: the first is the server's, the others the clients'."""
    first, *others = sorted(os.sched_getaffinity(0))
    return (first, *(others or [first]))


def waits(told: Told, begin: float, end: float) -> dict[str, float]:
    """Return how many orders were due in a time, and their 50th and 99th percentile and longest wait, in ms."""
    found = sorted(waited for due, waited in zip(told.due, told.waited, strict=True) if begin <= due <= end)
    if not found:
        return {"orders": 0}
    figures = {f"percentile_{part}_ms": found[ceil(len(found) * part / 100) - 1] for part in (50, 99)}
    milliseconds = {name: round(1_000 * seconds, 1) for name, seconds in {**figures, "worst_ms": found[-1]}.items()}
    return {"orders": len(found), **milliseconds}
