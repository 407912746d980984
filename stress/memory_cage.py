"""Limits the memory of a server with all its processes, and measures it.

A control group of Linux (version 2 or 1) enforces the limit as a container does: what exceeds it is killed. Where none
can be made, the processes are measured several times a second, and killed when they exceed the limit together.
"""

import os
import signal
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Protocol

from stress.gauges import KIB, MIB, descendants_of, resident_of

GROUPS = Path("/sys/fs/cgroup")
LOOK_SECONDS = 0.05
_JOIN = 'echo $$ > "$0/cgroup.procs" && exec "$@"'


class MemoryCage(Protocol):
    """Holds the processes of one server."""

    limit_bytes: int

    def command(self, words: Sequence[str]) -> list[str]:
        """Return a command line that runs another one inside."""
        ...

    def used_bytes(self) -> int:
        """Return the memory of all processes that no file backs."""
        ...

    def kills(self) -> int:
        """Return how often a process was killed because of the limit."""
        ...

    def processes(self) -> list[int]:
        """Return the processes inside."""
        ...

    def kill(self) -> None:
        """Kill all processes inside."""


class ControlGroup:
    """A control group with a limit of memory; ``version`` is 1 or 2."""

    def __init__(self, directory: Path, version: int, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._directory = directory
        self._limit, self._anonymous, self._events = (
            ("memory.max", "anon", "memory.events")
            if version == 2
            else ("memory.limit_in_bytes", "total_rss", "memory.oom_control")
        )
        (directory / self._limit).write_text(str(limit_bytes))

    def command(self, words: Sequence[str]) -> list[str]:
        """Return a command line that joins the group and runs another one."""
        return ["sh", "-c", _JOIN, str(self._directory), *words]

    def used_bytes(self) -> int:
        """Return the memory of all processes that no file backs."""
        return self._counter("memory.stat", self._anonymous)

    def kills(self) -> int:
        """Return how often the kernel killed a process because of the limit."""
        return self._counter(self._events, "oom_kill")

    def kill(self) -> None:
        """Kill all processes of the group, and wait until they are gone."""
        pause = Event()
        while processes := self.processes():
            _kill(processes)
            pause.wait(LOOK_SECONDS)

    def processes(self) -> list[int]:
        """Return the processes of the group."""
        return [int(word) for word in (self._directory / "cgroup.procs").read_text().split()]

    def remove(self) -> None:
        """Remove the group, whose processes must have ended."""
        self.kill()
        self._directory.rmdir()

    def _counter(self, file: str, name: str) -> int:
        for line in (self._directory / file).read_text().splitlines():
            if line.startswith(name + " "):
                return int(line.split()[1])
        return 0


class WatchedTree:
    """Measures the processes that its commands start, and kills them beyond the limit."""

    def __init__(self, directory: Path, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._directory = directory
        self._kills = 0

    def command(self, words: Sequence[str]) -> list[str]:
        """Return a command line that notes its process and runs another one."""
        return ["sh", "-c", _JOIN, str(self._directory), *words]

    def used_bytes(self) -> int:
        """Return the memory of all processes that no file backs; kill them if it is too much."""
        used = sum(map(_anonymous_of, self.processes()))
        if used > self.limit_bytes:
            self._kills += 1
            self.kill()
        return used

    def kills(self) -> int:
        """Return how often the processes were killed because of the limit."""
        return self._kills

    def kill(self) -> None:
        """Kill all processes."""
        _kill(self.processes())

    def processes(self) -> list[int]:
        """Return the processes that were started, and those that they started."""
        noted = self._directory / "cgroup.procs"
        roots = [int(word) for word in noted.read_text().split()] if noted.exists() else []
        return [process for root in roots for process in (root, *descendants_of(root))]


class MemoryWatch:
    """Looks at a cage in a thread of its own, and keeps the most that was used since ``begin``."""

    def __init__(self, cage: MemoryCage) -> None:
        self._cage = cage
        self._peak = 0
        self.peak_shares: list[int] = []
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="memory-watch", daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopping.set()
        self._thread.join()

    def begin(self) -> None:
        """Forget the peak."""
        self._peak = 0

    @property
    def peak_bytes(self) -> int:
        """The most that was used since ``begin``."""
        return max(self._peak, self._cage.used_bytes())

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            used = self._cage.used_bytes()
            if used > self._peak:
                self._peak = used
                with suppress(OSError):
                    self.peak_shares = [resident_of(process) // MIB for process in sorted(self._cage.processes())]


@contextmanager
def memory_cage(limit_bytes: int) -> Iterator[MemoryCage]:
    """Make a cage; at the end kill what is in it."""
    group = _control_group(limit_bytes)
    if group is not None:
        try:
            yield group
        finally:
            group.remove()
        return
    with TemporaryDirectory() as directory:
        tree = WatchedTree(Path(directory), limit_bytes)
        try:
            yield tree
        finally:
            tree.kill()


def _control_group(limit_bytes: int) -> ControlGroup | None:
    """Make a group inside this process's own; None where that is not allowed."""
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        version, mount = (1, GROUPS / "memory") if controllers else (2, GROUPS)
        directory = mount / path.lstrip("/") / f"siege-{uuid.uuid4().hex[:8]}"
        with suppress(OSError):
            directory.mkdir()
            if next(directory.glob("memory.stat"), None):
                return ControlGroup(directory, version, limit_bytes)
            directory.rmdir()
    return None


def _anonymous_of(process_id: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process_id}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss_Anon:"):
                return int(line.split()[1]) * KIB
    return 0


def _kill(processes: Iterable[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
