"""The summary of a processed stream, and the progress lines while it is read."""

from collections.abc import Callable
from typing import TextIO

from msgspec import Struct

from order_engine.streams.pump import Pump

NS_PER_SECOND = 1_000_000_000
NS_PER_MS = 1_000_000


class Summary(Struct, frozen=True, kw_only=True):
    """The counts of a stream. ``commands`` includes those that the rulebook refused."""

    commands: int
    trades: int
    refusals: int
    duplicates: int
    gaps: int
    dead_letters: int
    duration_ns: int

    @property
    def commands_per_second(self) -> int:
        """The rate, in whole commands a second."""
        return per_second(self.commands, self.duration_ns)

    def __str__(self) -> str:
        seconds, rest_ns = divmod(self.duration_ns, NS_PER_SECOND)
        return (
            f"commands {self.commands}, trades {self.trades}, refusals {self.refusals}, duplicates {self.duplicates}, "
            f"gaps {self.gaps}, dead letters {self.dead_letters}, seconds {seconds}.{rest_ns // NS_PER_MS:03d}, "
            f"commands/s {self.commands_per_second}"
        )


class Progress:
    """Prints the progress of a pump, at most once a second; prints nothing without a stream."""

    def __init__(self, stream: TextIO | None, pump: Pump, clock_ns: Callable[[], int]) -> None:
        self._stream = stream
        self._pump = pump
        self._clock_ns = clock_ns
        self._started_ns = self._shown_ns = clock_ns()

    def show(self) -> None:
        """Print the progress, if a second has passed since the last time."""
        if self._stream is None:
            return
        now_ns = self._clock_ns()
        if now_ns - self._shown_ns >= NS_PER_SECOND:
            self._shown_ns = now_ns
            rate = per_second(self._pump.commands, now_ns - self._started_ns)
            self._stream.write(f"{self._pump.commands} commands, {rate}/s\n")


def per_second(count: int, duration_ns: int) -> int:
    """Return a rate per second; 0 if no time has passed."""
    return count * NS_PER_SECOND // duration_ns if duration_ns else 0
