"""How much memory the exchange may use. The default limit of live orders follows from it."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

MIB = 1 << 20
LIVE_ORDERS_MAX = 1_000_000
BYTES_OF_A_LIVE_ORDER = 2_750
"""A plain limit order with a client order id takes about 630 in the exchange and in each of the two replicas, as
``stress.benchmarks.snapshot_stall`` measures; stops and icebergs take more."""
BYTES_OF_THE_REST = 544 * MIB
"""What all processes need for everything else under attack: the programs, symbols, answers, requests and queues."""
SHARE_AT_LEAST = 16
"""In a memory that is hardly enough for the rest, orders may take this fraction of it."""
FORK_BYTES_MIN = 1_024 * MIB
"""With less memory no child takes snapshots: it would copy most of the replica's memory by looking at it."""

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")


def live_orders_that_fit(memory_bytes: int) -> int:
    """Return how many live orders fit into this memory."""
    room_bytes = max(memory_bytes - BYTES_OF_THE_REST, memory_bytes // SHARE_AT_LEAST)
    return max(1, min(LIVE_ORDERS_MAX, room_bytes // BYTES_OF_A_LIVE_ORDER))


def memory_limit_bytes(limits: Iterable[Path] | None = None) -> int:
    """Return the memory of the machine, or of the container or control group if that has less."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in files_of_limits() if limits is None else limits:
        try:
            found = min(found, int(path.read_text(encoding="ascii")))
        except (OSError, ValueError):
            # No such file, or "max": the group has no limit.
            continue
    return found


def files_of_limits(own_groups: Path = _OWN_GROUPS, groups: Path = _GROUPS) -> Iterator[Path]:
    """Yield the files with the limits of this process's control groups, from its own to the root.

    In a container the root is the container's own group, and the path of a group may not exist.
    """
    try:
        lines = own_groups.read_text(encoding="ascii").splitlines()
    except OSError:
        lines = ["0::/"]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        inside = PurePosixPath(path).relative_to("/")
        for group in (inside, *inside.parents):
            if not controllers:
                yield groups / group / "memory.max"
            elif "memory" in controllers.split(","):
                yield groups / "memory" / group / "memory.limit_in_bytes"
