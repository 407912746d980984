"""The clock guard: reads the clock, and refuses to tell the time when the clock has jumped.

A wrong time cannot be taken back once it is journaled, because the exchange's time never goes back. So the guard does
not use a reading far from what the machine's uptime leads to, until the clock is right or an operator accepts it.
"""

import logging
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from order_engine.exchange.clock import Clock
from order_engine.exchange.errors import ClockJumped
from order_engine.wire.timestamps import format_timestamp

log = logging.getLogger(__name__)

NS_PER_SECOND = 1_000_000_000
JUMP_NS_MAX = 5 * 60 * NS_PER_SECOND
START_AHEAD_NS_MAX = 30 * 86_400 * NS_PER_SECOND
# 2262-01-01. The largest timestamp is in that April, and what is due in some days or months must still fit.
CLOCK_NS_MAX = 9_214_646_400 * NS_PER_SECOND
WAYS_OUT = (
    "No orders or amends are taken until it is right, or until it is accepted with POST /admin/clock, "
    "python -m order_engine clock accept, or ACCEPT_CLOCK=true at a start."
)


class _Trusted(NamedTuple):
    """A time that was right at an uptime, and how far the clock may be from it by now; None: any distance."""

    time_ns: int
    uptime_ns: int
    behind_ns_max: int | None
    ahead_ns_max: int | None


class ClockGuard:
    """A ``Clock`` that raises ``ClockJumped``. Thread-safe.

    The time is compared with that of the last good reading, so small corrections may add up over time.
    """

    def __init__(self, clock: Clock, uptime_ns: Callable[[], int]) -> None:
        self._clock = clock
        self._uptime_ns = uptime_ns
        self._lock = Lock()
        self._trusted = _Trusted(0, 0, None, None)
        self._is_jumped = False

    def begin(self, last_record_ns: int, *, accepts: bool = False) -> None:
        """Compare with the time of the last record from now on, 0: there is none; ``accepts``: with nothing."""
        compares = last_record_ns > 0 and not accepts
        with self._lock:
            # A clock behind the last record is taken: the exchange's time stands still until the clock catches up.
            ahead_ns_max = START_AHEAD_NS_MAX if compares else None
            self._trusted = _Trusted(last_record_ns, self._uptime_ns(), None, ahead_ns_max)

    def now_ns(self) -> int:
        """Return nanoseconds since 1970, UTC; raise ``ClockJumped`` if the clock cannot be believed."""
        with self._lock:
            now_ns, uptime_ns = self._clock.now_ns(), self._uptime_ns()
            doubt = self._doubt(now_ns, uptime_ns)
            self._log(doubt)
            if doubt is not None:
                raise ClockJumped(doubt, now_ns)
            self._trusted = _Trusted(now_ns, uptime_ns, JUMP_NS_MAX, JUMP_NS_MAX)
            return now_ns

    def accept(self) -> int:
        """Take the clock as it is now for right, and return its time; raise ``ClockJumped`` if it is beyond 2262."""
        with self._lock:
            now_ns = self._clock.now_ns()
            if now_ns > CLOCK_NS_MAX:
                raise ClockJumped(_beyond(now_ns), now_ns)
            self._trusted = _Trusted(now_ns, self._uptime_ns(), JUMP_NS_MAX, JUMP_NS_MAX)
            log.warning("the clock was accepted: it says %s", format_timestamp(now_ns))
            self._is_jumped = False
            return now_ns

    @property
    def trouble(self) -> str | None:
        """Why the clock is not believed now, or None."""
        with self._lock:
            return self._doubt(self._clock.now_ns(), self._uptime_ns())

    def _doubt(self, now_ns: int, uptime_ns: int) -> str | None:
        if now_ns > CLOCK_NS_MAX:
            return _beyond(now_ns)
        trusted = self._trusted
        expected_ns = trusted.time_ns + uptime_ns - trusted.uptime_ns
        moved_ns = now_ns - expected_ns
        if trusted.ahead_ns_max is not None and moved_ns > trusted.ahead_ns_max:
            return _jumped(now_ns, expected_ns, trusted.ahead_ns_max)
        if trusted.behind_ns_max is not None and -moved_ns > trusted.behind_ns_max:
            return _jumped(now_ns, expected_ns, trusted.behind_ns_max)
        return None

    def _log(self, doubt: str | None) -> None:
        if doubt is not None and not self._is_jumped:
            log.error("%s", doubt)
        elif doubt is None and self._is_jumped:
            log.warning("the clock is right again: orders are taken")
        self._is_jumped = doubt is not None


def _jumped(now_ns: int, expected_ns: int, limit_ns: int) -> str:
    found, expected = format_timestamp(now_ns), format_timestamp(expected_ns)
    limit = f"{limit_ns // NS_PER_SECOND} s"
    return f"The clock jumped: expected a time at most {limit} from {expected}, found {found}. {WAYS_OUT}"


def _beyond(now_ns: int) -> str:
    found, limit = format_timestamp(now_ns), format_timestamp(CLOCK_NS_MAX)
    return (
        f"The clock jumped: expected a time up to {limit}, found {found}. No orders or amends are taken until it is "
        "right. It cannot be accepted."
    )
