"""A clock for tests in which time passes when they say so."""

from order_engine.wire.timestamps import format_timestamp

START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000


class HandClock:
    """Is moved by hand."""

    def __init__(self) -> None:
        self.now = START_NS

    def now_ns(self) -> int:
        return self.now

    def pass_seconds(self, seconds: int) -> None:
        self.now += seconds * SECOND_NS

    def in_seconds(self, seconds: int) -> str:
        """A time to come, as requests write it."""
        return format_timestamp(self.now + seconds * SECOND_NS)
