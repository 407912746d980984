"""The loop that drives a follower. A process and a thread run the same one."""

from collections.abc import Iterable
from time import monotonic
from typing import Protocol

from order_engine.followers.control import ControlClosed, Finish, Message, Report, Want, WantSnapshot
from order_engine.followers.follower import Follower

REPORT_SECONDS = 0.5
IDLE_SECONDS = 0.01
DIGESTS_REPORTED = 20
PATIENCE_SECONDS = 15.0
LONG_PATIENCE_SECONDS = 3_600.0


class Reporting(Protocol):
    """The follower's side of the connection to the exchange. Both methods raise ``ControlClosed`` at its end."""

    def send(self, message: Message) -> None:
        """Send a report."""

    def receive(self, seconds: float) -> Iterable[Message]:
        """Yield the messages received within ``seconds``."""
        ...


class FollowerRunner:
    """Drives a follower until the exchange closes the connection or asks it to finish."""

    def __init__(self, follower: Follower, control: Reporting) -> None:
        self._follower = follower
        self._control = control
        self._last_sequence: int | None = None
        self._reported: Report | None = None
        self._reported_at = 0.0

    def run(self) -> None:
        """Follow until the end."""
        try:
            while not self._is_finished():
                is_busy = self._step()
                self._report()
                for message in self._control.receive(0 if is_busy else IDLE_SECONDS):
                    self._take(message)
            self._report(is_last=True)
        except ControlClosed:
            pass  # The exchange is gone. The next follower writes what the sinks lack.
        finally:
            self._follower.close()

    def _is_finished(self) -> bool:
        return self._last_sequence is not None and self._follower.finish(self._last_sequence)

    def _step(self) -> bool:
        if self._follower.needs_long_step():
            self._report(patience_seconds=LONG_PATIENCE_SECONDS)
        return self._follower.step()

    def _take(self, message: object) -> None:
        match message:
            case Want(sequence):
                self._follower.want(sequence)
            case WantSnapshot(sequence):
                self._follower.want_snapshot(sequence)
            case Finish(sequence):
                self._last_sequence = sequence

    def _report(self, *, patience_seconds: float = PATIENCE_SECONDS, is_last: bool = False) -> None:
        """Send a report if it has changed, and at least every ``REPORT_SECONDS``."""
        follower, before = self._follower, self._reported
        report = Report(
            sinks=follower.progress,
            replica_sequence=follower.replica_sequence,
            digests=dict(list(follower.digests.items())[-DIGESTS_REPORTED:]),
            reads_open=follower.reads_open,
            patience_seconds=patience_seconds,
        )
        now = monotonic()
        has_news = before is None or (report.sinks, report.patience_seconds) != (before.sinks, before.patience_seconds)
        if has_news or is_last or now - self._reported_at >= REPORT_SECONDS:
            self._control.send(report)
            self._reported, self._reported_at = report, now
