"""The gunicorn worker: one process, one loop around one venue."""

import os
import signal
import sys

from gunicorn.workers.base import Worker

from order_engine.server.served_venue import ServedVenue
from order_engine.server.serving_loop import Limits, ServingLoop

# How long a thread keeps the interpreter's lock while another one waits for it. A longer interval delays the committer,
# a shorter one interrupts the app; the loop releases the lock by itself whenever it waits for the network.
SWITCH_INTERVAL_SECONDS = 0.001
# The venue has the rest of the grace period for closing, less a margin before the master kills this process.
CLOSING_SECONDS_MIN = 1.0
MARGIN_SECONDS = 2.0
IGNORED_SIGNALS = (signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1, signal.SIGUSR2)


def ignore_signals() -> None:
    """Ignore the signals by which gunicorn would start or end workers: one process owns the journal."""
    for number in IGNORED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


class LoopWorker(Worker):  # type: ignore[misc] # gunicorn ships no types
    """Serves the venue that ``Server.load`` returns."""

    def init_signals(self) -> None:
        """Take a hang-up for the end; called by gunicorn before the venue is built."""
        super().init_signals()
        signal.signal(signal.SIGHUP, self.handle_exit)
        ignore_signals()

    def run(self) -> None:
        """Serve until the master sends a signal or is gone."""
        sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
        venue: ServedVenue = self.wsgi
        limits = Limits(self.cfg.keepalive, self.cfg.worker_connections, self.cfg.backlog)
        serving = ServingLoop(
            venue,
            [listener.sock for listener in self.sockets],
            limits,
            must_stop=self._must_stop,
            access_log=self.log if self.log.access_log_enabled else None,
        )
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            serving.loop.add_signal_handler(number, serving.stop)
        serving.run()
        self._close(venue, serving.seconds_stopping)

    def _close(self, venue: ServedVenue, seconds_stopping: float) -> None:
        venue.stop_taking()
        venue.close(max(CLOSING_SECONDS_MIN, self.cfg.graceful_timeout - MARGIN_SECONDS - seconds_stopping))

    def _must_stop(self) -> bool:
        # A signal may have come before the loop handled it, and without the master none would come.
        return not self.alive or self.ppid != os.getppid()
