"""Which processors a process runs on.

The server keeps to one, since its threads would otherwise fight over the interpreter's lock between processors. A
process that it starts for work of its own inherits that, and may take back what the server was allowed.
"""

import os

ALLOWED = "ORDER_ENGINE_PROCESSORS"


def keep_to_one() -> None:
    """Bind this process to one of the processors that it may use; on systems that cannot, do nothing."""
    if hasattr(os, "sched_setaffinity"):
        allowed = os.sched_getaffinity(0)
        os.environ[ALLOWED] = ",".join(map(str, sorted(allowed)))
        os.sched_setaffinity(0, {max(allowed)})


def use_all_allowed() -> None:
    """Undo in a child what ``keep_to_one`` did in its parent; elsewhere do nothing."""
    allowed = os.environ.get(ALLOWED)
    if allowed:
        os.sched_setaffinity(0, map(int, allowed.split(",")))
