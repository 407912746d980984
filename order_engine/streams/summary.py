"""The summary of a stream that was read, and what it says of itself while it is being read."""

from collections.abc import Callable
from typing import TextIO

from msgspec import Struct

from order_engine.streams.pump import Pump

NS_PER_SECOND = 1_000_000_000
NS_PER_MS = 1_000_000


class Summary(Struct, frozen=True, kw_only=True):
    """What came of a stream. ``commands`` counts those that were applied, refused by the rulebook or not."""

    commands: int
    trades: int
    refusals: int
    duplicates: int
    gaps: int
    dead_letters: int
    duration_ns: int

    @property
    def commands_per_second(self) -> int:
        """How fast it went, in whole commands."""
        return per_second(self.commands, self.duration_ns)

    def __str__(self) -> str:
        seconds, rest_ns = divmod(self.duration_ns, NS_PER_SECOND)
        return (
            f"commands {self.commands}, trades {self.trades}, refusals {self.refusals}, duplicates {self.duplicates}, "
            f"gaps {self.gaps}, dead letters {self.dead_letters}, seconds {seconds}.{rest_ns // NS_PER_MS:03d}, "
            f"commands/s {self.commands_per_second}"
        )


class Progress:
    """Says how far a pump has come, at most once a second; without a stream to say it on, nothing."""

    def __init__(self, stream: TextIO | None, pump: Pump, clock_ns: Callable[[], int]) -> None:
        self._stream = stream
        self._pump = pump
        self._clock_ns = clock_ns
        self._started_ns = self._shown_ns = clock_ns()

    def show(self) -> None:
        """Say it, if a second has passed since the last time."""
        if self._stream is None:
            return
        now_ns = self._clock_ns()
        if now_ns - self._shown_ns >= NS_PER_SECOND:
            self._shown_ns = now_ns
            rate = per_second(self._pump.commands, now_ns - self._started_ns)
            self._stream.write(f"{self._pump.commands} commands, {rate}/s\n")


def per_second(count: int, duration_ns: int) -> int:
    """Divide a count by a time."""
    return count * NS_PER_SECOND // duration_ns if duration_ns else 0
