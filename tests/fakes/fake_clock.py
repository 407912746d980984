"""Clocks that a test moves by hand."""

START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000


class FakeClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.now = now_ns

    def now_ns(self) -> int:
        return self.now


class SteppedSeconds:
    """A clock that advances a second at each reading."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def __call__(self) -> float:
        self._seconds += 1
        return self._seconds
