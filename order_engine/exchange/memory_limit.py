"""How much memory the exchange may use. The default limit of live orders follows from it."""

import os
from collections.abc import Iterable
from pathlib import Path

LIVE_ORDERS_MAX = 1_000_000
BYTES_OF_A_LIVE_ORDER = 1_000
"""A plain limit order with a client order id takes about 750; a stop or an iceberg takes somewhat more."""
SHARE = 4
"""Orders may take a quarter of the memory; answers, the journal's buffer and recovery need the rest."""

_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def live_orders_that_fit(memory_bytes: int) -> int:
    """Return how many live orders fit into this memory."""
    return max(1, min(LIVE_ORDERS_MAX, memory_bytes // SHARE // BYTES_OF_A_LIVE_ORDER))


def memory_limit_bytes(limits: Iterable[Path] = _CGROUP_LIMITS) -> int:
    """Return the memory of the machine, or of the container if that has less."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in limits:
        try:
            found = min(found, int(path.read_text(encoding="ascii")))
        except (OSError, ValueError):
            # No such file, or "max": the container has no limit.
            continue
    return found
