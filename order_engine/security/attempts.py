"""Attempts: counts who presents a key or lacks one, so that each of them is in the security log at little cost.

A line would cost a request more than its matching, and a stranger could fill the log with them. So equal attempts,
those with the same outcome, key and address, share lines: the first is written within a second, and what follows within
the minute is one line with their number.
"""

from collections import Counter, deque
from collections.abc import Callable
from threading import Lock
from time import monotonic

from order_engine.security.security_log import SecurityLog

PERIOD_SECONDS = 60.0
KINDS_MAX = 10_000

ACCEPTED = "accepted"
NO_KEY, WRONG_KEY, WRONG_SCOPE, WRONG_SIGNATURE = "no_key", "wrong_key", "wrong_scope", "wrong_signature"


Attempt = tuple[str, str | None, str]
"""``accepted``, or why it was refused; the id of the key, None if no known one was sent; the address.

A plain tuple, because one is made for each request."""


class Attempts:
    """Counts attempts; ``step`` writes them down, and is called every second or sooner."""

    def __init__(self, log: SecurityLog, clock: Callable[[], float] = monotonic) -> None:
        self._log = log
        self._clock = clock
        self._lock = Lock()
        self._counts: dict[Attempt, int] = {}
        self._told: set[Attempt] = set()
        self._pending: Counter[Attempt] = Counter()
        self._untold = 0
        self._unwritten: deque[bytes] = deque(maxlen=KINDS_MAX)
        self._period_end = clock() + PERIOD_SECONDS

    def note(self, outcome: str, key_id: str | None, address: str) -> None:
        """Count an attempt; may be called in any thread."""
        attempt = (outcome, key_id, address)
        with self._lock:
            self._counts[attempt] = self._counts.get(attempt, 0) + 1

    def step(self) -> None:
        """Write down what is due; raises ``OSError``. The next step then tries again, with the newest lines."""
        self._unwritten += self._lines_due()
        if self._unwritten:
            self._log.move_aside_if_full()
            self._log.write(self._unwritten)
            self._unwritten.clear()

    def finish(self) -> None:
        """Write down everything that was counted; raises ``OSError``."""
        self._period_end = self._clock()
        self.step()

    def _lines_due(self) -> list[bytes]:
        with self._lock:
            counts, self._counts = self._counts, {}
        lines = []
        for attempt, count in counts.items():
            if attempt in self._told:
                self._pending[attempt] += count
            elif len(self._told) < KINDS_MAX:
                self._told.add(attempt)
                lines.append(self._line(attempt, count))
            else:
                self._untold += count
        if self._clock() >= self._period_end:
            lines += self._end_period()
        return lines

    def _end_period(self) -> list[bytes]:
        self._period_end = self._clock() + PERIOD_SECONDS
        lines = [self._line(attempt, count) for attempt, count in self._pending.items()]
        if self._untold:
            lines.append(self._log.line("attempts_of_others", {"count": self._untold}))
        self._pending.clear()
        self._told.clear()
        self._untold = 0
        return lines

    def _line(self, attempt: Attempt, count: int) -> bytes:
        outcome, key_id, address = attempt
        if outcome == ACCEPTED:
            return self._log.line(ACCEPTED, {"key": key_id, "address": address, "count": count})
        return self._log.line("refused", {"reason": outcome, "key": key_id, "address": address, "count": count})
