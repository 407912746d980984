"""What a running exchange takes up, read from outside: memory, disk, and how far its projections are behind."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

KIB = 1024
MIB = 1 << 20
TAIL_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a server. Sequences count commands, the rest bytes."""

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
        """Return what was seen, by name."""
        return asdict(self)


def look(process_id: int, directory: Path, second: int, sequence: int) -> Sample:
    """Look at the server with this master process; ``sequence`` is the newest that was acknowledged."""
    return Sample(
        second=second,
        sequence=sequence,
        memory=memory_of(process_id),
        journal=size_of(directory / "journal"),
        archive=size_of(directory / "archive"),
        audit=size_of(directory / "audit"),
        database=sum(path.stat().st_size for path in directory.glob("exchange.db*") if path.exists()),
        snapshots=size_of(directory / "snapshots"),
        database_lag=max(0, sequence - checkpoint_of(directory / "exchange.db")),
        audit_lag=max(0, sequence - last_entry_of(directory / "audit")),
    )


def memory_of(process_id: int) -> int:
    """Return the resident memory of a process and of what it forked, in bytes; not of programs that it started."""
    return sum(_resident_of(member) for member in _family_of(process_id))


def processor_seconds_of(process_id: int) -> float:
    """Return how long a process and what it forked have kept a processor busy so far."""
    ticks = 0
    for member in _family_of(process_id):
        # The name, in brackets, may hold anything; the state comes after it. See proc_pid_stat(5).
        fields = Path(f"/proc/{member}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def files_of(process_id: int) -> int:
    """Return how many files and connections a process and what it forked have open."""
    return sum(len(os.listdir(f"/proc/{member}/fd")) for member in _family_of(process_id))


def threads_of(process_id: int) -> int:
    """Return how many threads a process and what it forked have."""
    return sum(len(os.listdir(f"/proc/{member}/task")) for member in _family_of(process_id))


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
    """Return up to which command the SQLite projection goes."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        row = connection.execute("SELECT sequence FROM projection_checkpoint").fetchone()
        return 0 if row is None else int(row[0])


def last_entry_of(directory: Path) -> int:
    """Return up to which command the audit log goes, as far as it can be seen."""
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


def _family_of(process_id: int) -> list[int]:
    program = _program_of(process_id)
    return [process_id, *(child for child in _children_of(process_id) if _program_of(child) == program)]


def _children_of(process_id: int) -> Iterator[int]:
    for task in Path(f"/proc/{process_id}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from _children_of(int(child))


def _program_of(process_id: int) -> bytes:
    return Path(f"/proc/{process_id}/cmdline").read_bytes()


def _resident_of(process_id: int) -> int:
    status = Path(f"/proc/{process_id}/status").read_text()
    return next(int(line.split()[1]) * KIB for line in status.splitlines() if line.startswith("VmRSS:"))
