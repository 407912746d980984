"""How much memory the exchange may use, and so how many live orders it holds unless it is told."""

import os
from collections.abc import Iterable
from pathlib import Path

LIVE_ORDERS_MAX = 1_000_000
BYTES_OF_A_LIVE_ORDER = 1_000
"""Measured with a client's id of its own and a plain limit: about 750; a stop or an iceberg takes some more."""
SHARE = 4
"""The orders may take a quarter: answers, the journal's buffer and what a restart needs must fit as well."""

_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def live_orders_that_fit(memory_bytes: int) -> int:
    """Return how many live orders may be held within so much memory."""
    return max(1, min(LIVE_ORDERS_MAX, memory_bytes // SHARE // BYTES_OF_A_LIVE_ORDER))


def memory_limit_bytes(limits: Iterable[Path] = _CGROUP_LIMITS) -> int:
    """Return the memory of the machine, or less where the container has less."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in limits:
        try:
            found = min(found, int(path.read_text(encoding="ascii")))
        except (OSError, ValueError):
            # No such file, or "max": no limit of its own.
            continue
    return found
