"""Which processors the exchange and its followers run on.

The exchange keeps to one: its threads would otherwise fight over the interpreter's lock between processors. Its
followers inherit that from it, and take the others.
"""

import os
import socket
import zlib
from collections.abc import Collection

from order_engine.settings import SettingInvalid

FOLLOWERS_MAY_USE = "ORDER_ENGINE_PROCESSORS"
ANY = "none"
NICENESS = 10
"""Beside a busy exchange on the same processor, each of the other processes then gets a tenth of it."""


def choose_processor(wanted: int | str | None, allowed: Collection[int], port: int) -> int | None:
    """Return which processor the exchange keeps to; None: any.

    ``wanted`` is what ``EXCHANGE_CPU`` says. Without it instances differ: on one machine they have different ports, in
    different containers different host names. Raises ``SettingInvalid``.
    """
    if wanted == ANY:
        return None
    if wanted is None:
        seed = zlib.crc32(socket.gethostname().encode()) + port
        return sorted(allowed)[seed % len(allowed)] if len(allowed) > 1 else None
    if int(wanted) not in allowed:
        raise SettingInvalid(f"EXCHANGE_CPU: found {wanted}, expected {ANY} or one of {sorted(allowed)}")
    return int(wanted)


def allowed_processors() -> set[int]:
    """Return the processors that this process may use; none where the system does not say."""
    return set(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else set()


def keep_to(processor: int | None) -> None:
    """Bind this process to one processor, and leave the others, if there are any, to the followers."""
    allowed = allowed_processors()
    if processor is None or not allowed:
        return
    others = allowed - {processor} or allowed
    os.environ[FOLLOWERS_MAY_USE] = ",".join(map(str, sorted(others)))
    os.sched_setaffinity(0, {processor})


def leave_to_exchange() -> None:
    """Bind a follower to the processors that the exchange does not use; let the exchange go first if there are none."""
    those_of_exchange = allowed_processors()
    others = os.environ.get(FOLLOWERS_MAY_USE)
    if others:
        os.sched_setaffinity(0, set(map(int, others.split(","))))
    if len(those_of_exchange) == 1 and allowed_processors() == those_of_exchange:
        os.nice(NICENESS)
