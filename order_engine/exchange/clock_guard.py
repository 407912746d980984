"""The clock guard: reads the clock, and refuses to tell the time when the clock has jumped.

A wrong time cannot be taken back once it is journaled, because the exchange's time never goes back. So the guard does
not use a reading far from what the machine's uptime leads to, until the clock is right or an operator accepts it.
"""

import logging
from collections.abc import Callable
from threading import Lock

from order_engine.exchange.clock import Clock
from order_engine.exchange.errors import ClockJumped
from order_engine.wire.timestamps import format_timestamp

log = logging.getLogger(__name__)

NS_PER_SECOND = 1_000_000_000
JUMP_NS_MAX = 5 * 60 * NS_PER_SECOND
START_AHEAD_NS_MAX = 30 * 86_400 * NS_PER_SECOND
# 2262-01-01. The largest timestamp is in that April, and what is due in some days or months must still fit.
CLOCK_NS_MAX = 9_214_646_400 * NS_PER_SECOND
_ANY_DISTANCE = 1 << 80
WAYS_OUT = (
    "No orders or amends are taken until it is right, or until it is accepted with POST /admin/clock, "
    "python -m order_engine clock accept, or ACCEPT_CLOCK=true at a start."
)


class ClockGuard:
    """A ``Clock`` that raises ``ClockJumped``. Thread-safe.

    The time is compared with that of the last good reading, so small corrections may add up over time.
    """

    def __init__(self, clock: Clock, uptime_ns: Callable[[], int]) -> None:
        self._clock = clock
        self._uptime_ns = uptime_ns
        self._lock = Lock()
        # What a clock that is right shows beyond the uptime, and how far from it a reading may be.
        self._lead_ns = 0
        self._behind_ns_max = self._ahead_ns_max = _ANY_DISTANCE

    def begin(self, last_record_ns: int, *, accepts: bool = False) -> None:
        """Compare with the time of the last record from now on, 0: there is none; ``accepts``: with nothing."""
        compares = last_record_ns > 0 and not accepts
        with self._lock:
            self._lead_ns = last_record_ns - self._uptime_ns()
            # A clock behind the last record is taken: the exchange's time stands still until the clock catches up.
            self._behind_ns_max = _ANY_DISTANCE
            self._ahead_ns_max = START_AHEAD_NS_MAX if compares else _ANY_DISTANCE

    def now_ns(self) -> int:
        """Return nanoseconds since 1970, UTC; raise ``ClockJumped`` if the clock cannot be believed."""
        with self._lock:
            now_ns, uptime_ns = self._clock.now_ns(), self._uptime_ns()
            doubt = self._doubt(now_ns, uptime_ns)
            if doubt is not None:
                raise ClockJumped(doubt, now_ns)
            self._believe(now_ns, uptime_ns)
        return now_ns

    def accept(self) -> int:
        """Take the clock as it is now for right, and return its time; raise ``ClockJumped`` if it is beyond 2262."""
        with self._lock:
            now_ns = self._clock.now_ns()
            if now_ns > CLOCK_NS_MAX:
                raise ClockJumped(_beyond(now_ns), now_ns)
            self._believe(now_ns, self._uptime_ns())
        log.warning("the clock was accepted: it says %s", format_timestamp(now_ns))
        return now_ns

    @property
    def trouble(self) -> str | None:
        """Why the clock is not believed now, or None."""
        with self._lock:
            return self._doubt(self._clock.now_ns(), self._uptime_ns())

    def _believe(self, now_ns: int, uptime_ns: int) -> None:
        self._lead_ns = now_ns - uptime_ns
        self._behind_ns_max = self._ahead_ns_max = JUMP_NS_MAX

    def _doubt(self, now_ns: int, uptime_ns: int) -> str | None:
        moved_ns = now_ns - uptime_ns - self._lead_ns
        if now_ns > CLOCK_NS_MAX:
            return _beyond(now_ns)
        if moved_ns > self._ahead_ns_max:
            return _jumped(now_ns, now_ns - moved_ns, self._ahead_ns_max)
        if moved_ns < -self._behind_ns_max:
            return _jumped(now_ns, now_ns - moved_ns, self._behind_ns_max)
        return None


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
