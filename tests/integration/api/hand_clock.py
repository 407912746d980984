"""A clock that a test moves."""

from order_engine.wire.timestamps import format_timestamp

START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000


class HandClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START_NS

    def now_ns(self) -> int:
        return self.now

    def pass_seconds(self, seconds: int) -> None:
        self.now += seconds * SECOND_NS

    def in_seconds(self, seconds: int) -> str:
        """A future time, as requests write it."""
        return format_timestamp(self.now + seconds * SECOND_NS)
