"""How long the supervisor waits for a process, and before the next one: longer while they make no progress."""

from collections.abc import Mapping

RESTART_SECONDS_FIRST = 0.1
RESTART_SECONDS_MAX = 5.0
PATIENCE_FACTOR_MAX = 64


class GrowingPause:
    """Doubles the pause before each start while the processes make no progress."""

    def __init__(self) -> None:
        self._seconds = RESTART_SECONDS_FIRST

    def after(self, run_seconds: float, *, has_progressed: bool) -> float:
        """Return how long to wait after a process that ran for ``run_seconds``."""
        if has_progressed or run_seconds > RESTART_SECONDS_MAX:
            self._seconds = RESTART_SECONDS_FIRST
        seconds, self._seconds = self._seconds, min(2 * self._seconds, RESTART_SECONDS_MAX)
        return seconds


class GrowingPatience:
    """Doubles the patience each time a process is given up without progress: its step may need longer than expected."""

    def __init__(self) -> None:
        self._factor = 1
        self._stood_at: Mapping[str, int] = {}

    def of(self, seconds: float) -> float:
        """Return how long to wait for a report that is due within ``seconds``."""
        return self._factor * seconds

    def was_exhausted(self, sequences: Mapping[str, int]) -> None:
        """Note the sinks' sequences when a process was given up."""
        is_stuck = any(self._stood_at.get(name) == sequence for name, sequence in sequences.items())
        self._factor = min(2 * self._factor, PATIENCE_FACTOR_MAX) if is_stuck else 1
        self._stood_at = sequences
