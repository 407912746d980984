"""Measures a running exchange from outside: memory, disk, and the lag of its projections."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from stress.health import lags_of

KIB = 1024
MIB = 1 << 20
TAIL_BYTES = 1 << 16
FOLLOWERS = b"\0order_engine\0follow\0"
FEEDS = b"\0order_engine\0feed\0"


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of a server. Sequences count commands, the other fields bytes."""

    second: int
    sequence: int
    memory: int
    journal: int
    archive: int
    audit: int
    database: int
    snapshots: int
    database_lag: int
    audit_lag: int

    def figures(self) -> dict[str, int]:
        """Return the values by name."""
        return asdict(self)


def look(process_id: int, port: int, directory: Path, second: int, sequence: int) -> Sample:
    """Sample the server with this master process; ``sequence`` is the newest that was acknowledged.

    A follower's lag is the larger of what its files and the server report.
    """
    lags = lags_of(port)
    return Sample(
        second=second,
        sequence=sequence,
        memory=memory_of(process_id),
        journal=size_of(directory / "journal"),
        archive=size_of(directory / "archive"),
        audit=size_of(directory / "audit"),
        database=sum(path.stat().st_size for path in directory.glob("exchange.db*") if path.exists()),
        snapshots=size_of(directory / "snapshots"),
        database_lag=max(lags.get("database", 0), sequence - checkpoint_of(directory / "exchange.db")),
        audit_lag=max(lags.get("audit", 0), sequence - last_entry_of(directory / "audit")),
    )


def memory_of(process_id: int) -> int:
    """Return the resident memory of a server's processes, in bytes."""
    return round(_sum_over_family(process_id, resident_of))


def processor_seconds_of(process_id: int) -> float:
    """Return the CPU time of a server's processes so far."""
    return _sum_over_family(process_id, _ticks_of) / os.sysconf("SC_CLK_TCK")


def exchange_seconds_of(process_id: int) -> float:
    """Return the CPU time of a server's exchange so far, without that of its followers."""
    program = _program_of(process_id)
    members = [process_id, *(child for child in descendants_of(process_id) if _program_of(child) == program)]
    return sum(map(_ticks_of, members)) / os.sysconf("SC_CLK_TCK")


def files_of(process_id: int) -> int:
    """Return how many files and connections a server's processes have open."""
    return round(_sum_over_family(process_id, lambda member: len(os.listdir(f"/proc/{member}/fd"))))


def threads_of(process_id: int) -> int:
    """Return how many threads a server's processes have."""
    return round(_sum_over_family(process_id, lambda member: len(os.listdir(f"/proc/{member}/task"))))


def size_of(directory: Path) -> int:
    """Return the bytes of the files in a directory; one that is moved away meanwhile may be left out."""
    total = 0
    for entry in os.scandir(directory) if directory.is_dir() else ():
        try:
            total += entry.stat().st_size
        except FileNotFoundError:
            continue
    return total


def checkpoint_of(database: Path) -> int:
    """Return the last command in the SQLite projection; 0 before its follower has created it."""
    if not database.exists():
        return 0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'projection_checkpoint'").fetchone() is None:
            return 0
        row = connection.execute("SELECT sequence FROM projection_checkpoint").fetchone()
        return 0 if row is None else int(row[0])


def last_entry_of(directory: Path) -> int:
    """Return the last command in the audit log."""
    newest = max(directory.glob("*.audit"), default=None)
    if newest is None:
        return 0
    with newest.open("rb") as file:
        file.seek(max(0, newest.stat().st_size - TAIL_BYTES))
        lines = file.read().splitlines(keepends=True)
    for line in reversed(lines):
        if line.startswith(b'{"sequence":') and line.endswith(b"}\n"):
            return int(json.loads(line)["sequence"])
    return int(newest.stem) - 1


def _sum_over_family(process_id: int, gauge: Callable[[int], float]) -> float:
    total = gauge(process_id)
    for member in family_of(process_id)[1:]:
        # A follower's child that writes a snapshot, or a follower that is restarted, may end meanwhile.
        with suppress(FileNotFoundError, ProcessLookupError):
            total += gauge(member)
    return total


def family_of(process_id: int) -> list[int]:
    """Return a server's processes: the one named, what it forked, and the followers that it started."""
    program = _program_of(process_id)
    return [process_id, *(child for child in descendants_of(process_id) if _is_family(_program_of(child), program))]


def _is_family(program: bytes, parent: bytes) -> bool:
    return program == parent or FOLLOWERS in program or FEEDS in program


def descendants_of(process_id: int) -> Iterator[int]:
    """Yield the processes that a process started, and those that they started."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{process_id}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from descendants_of(int(child))


def _program_of(process_id: int) -> bytes:
    try:
        return Path(f"/proc/{process_id}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _ticks_of(process_id: int) -> int:
    # The name, in brackets, may hold anything; the state comes after it. See proc_pid_stat(5).
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def resident_of(process_id: int) -> int:
    """Return the resident memory of one process, in bytes."""
    lines = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8").splitlines()
    return sum(int(line.split()[1]) * KIB for line in lines if line.startswith("VmRSS:"))
