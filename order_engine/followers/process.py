"""The followers' own process: drives the follower, reports its progress, and ends with the exchange."""

import os
import select
import signal
import socket
from threading import Thread
from time import monotonic

from order_engine.followers.control import Control, ControlClosed, Finish, Report, Want, WantSnapshot
from order_engine.followers.follower import Follower

REPORT_SECONDS = 0.5
IDLE_SECONDS = 0.01
DIGESTS_REPORTED = 20
PATIENCE_SECONDS = 15.0
LONG_PATIENCE_SECONDS = 3_600.0


class FollowerRunner:
    """Drives a follower until the exchange closes the socket or asks it to finish."""

    def __init__(self, follower: Follower, control: Control) -> None:
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


def follow(follower: Follower, control_descriptor: int) -> None:
    """Run as the exchange's child. ``control_descriptor`` is this side's end of the control socket.

    Signals that stop a whole process group are ignored, because the exchange says when to end. Once the exchange is
    gone the process ends, even while a step hangs.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    Thread(target=_end_with_exchange, args=(control_descriptor,), name="exchange-watch", daemon=True).start()
    control = Control(socket.socket(fileno=control_descriptor))
    FollowerRunner(follower, control).run()


def _end_with_exchange(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLRDHUP)
    poll.poll()
    os._exit(0)
