"""Clocks that a test moves by hand."""

START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000


class FakeClock:
    """Stands still until it is told otherwise."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.now = now_ns

    def now_ns(self) -> int:
        return self.now


class SteppedSeconds:
    """Seconds that pass one at each look."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def __call__(self) -> float:
        self._seconds += 1
        return self._seconds
