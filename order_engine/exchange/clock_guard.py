"""The clock guard: reads the clock, and refuses to tell the time when the clock has jumped.

The exchange's time never goes back, so a wrong time cannot be undone once it is journaled. The guard therefore compares
each reading with the machine's uptime. It refuses a reading that is too far off until the clock is right again or an
operator accepts it.
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
# 2262-01-01. The largest timestamp is in April 2262; this leaves room for expiry times some months ahead.
CLOCK_NS_MAX = 9_214_646_400 * NS_PER_SECOND
_ANY_DISTANCE = 1 << 80
WAYS_OUT = (
    "No orders or amends are taken until it is right, or until it is accepted with POST /admin/clock, "
    "python -m order_engine clock accept, or ACCEPT_CLOCK=true at a start."
)


class ClockGuard:
    """A ``Clock`` that raises ``ClockJumped``. Thread-safe.

    Each reading is compared with the last good one, so many small corrections may add up.
    """

    def __init__(self, clock: Clock, uptime_ns: Callable[[], int]) -> None:
        self._clock = clock
        self._uptime_ns = uptime_ns
        self._lock = Lock()
        # The expected difference between clock and uptime, and how far a reading may be from it.
        self._lead_ns = 0
        self._behind_ns_max = self._ahead_ns_max = _ANY_DISTANCE

    def begin(self, last_record_ns: int, *, accepts: bool = False) -> None:
        """Start from the time of the last record (0: no record); with ``accepts``, take any time up to the limit."""
        compares = last_record_ns > 0 and not accepts
        with self._lock:
            self._lead_ns = last_record_ns - self._uptime_ns()
            # A clock behind the last record is accepted: the exchange's time stands still until the clock catches up.
            self._behind_ns_max = _ANY_DISTANCE
            self._ahead_ns_max = START_AHEAD_NS_MAX if compares else _ANY_DISTANCE

    def now_ns(self) -> int:
        """Return nanoseconds since 1970, UTC; raise ``ClockJumped`` if the clock has jumped."""
        with self._lock:
            now_ns, uptime_ns = self._clock.now_ns(), self._uptime_ns()
            doubt = self._doubt(now_ns, uptime_ns)
            if doubt is not None:
                raise ClockJumped(doubt, now_ns)
            self._believe(now_ns, uptime_ns)
        return now_ns

    def accept(self) -> int:
        """Accept the clock as it is now and return its time; raise ``ClockJumped`` if it is past ``CLOCK_NS_MAX``."""
        with self._lock:
            now_ns = self._clock.now_ns()
            if now_ns > CLOCK_NS_MAX:
                raise ClockJumped(_beyond(now_ns), now_ns)
            self._believe(now_ns, self._uptime_ns())
        log.warning("the clock was accepted: it says %s", format_timestamp(now_ns))
        return now_ns

    @property
    def trouble(self) -> str | None:
        """Why the clock is refused now, or None."""
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
