"""The gunicorn worker: one process, one loop around one venue."""

import os
import signal
import sys

from gunicorn.workers.base import Worker

from order_engine.server.serving_loop import Limits, ServingLoop
from order_engine.server.venue_ports import ServedVenue

# How long a thread may keep the interpreter's lock that another one waits for. The loop gives it up by itself whenever
# it waits for the network; a longer interval delays the committer, a shorter one interrupts the app.
SWITCH_INTERVAL_SECONDS = 0.001
# What the master leaves the venue for closing, of the time after which it kills this process.
CLOSING_SECONDS_MIN = 1.0
MARGIN_SECONDS = 2.0


class LoopWorker(Worker):  # type: ignore[misc] # gunicorn ships no types
    """Serves what ``Server.load`` returns, which is a venue and no WSGI application."""

    def run(self) -> None:
        """Serve until the master says that it is enough, or is gone."""
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
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            serving.loop.add_signal_handler(number, serving.stop)
        serving.loop.add_signal_handler(signal.SIGUSR1, self.log.reopen_files)
        serving.run()
        self._close(venue, serving.seconds_stopping)

    def _close(self, venue: ServedVenue, seconds_stopping: float) -> None:
        venue.stop_taking()
        venue.close(max(CLOSING_SECONDS_MIN, self.cfg.graceful_timeout - MARGIN_SECONDS - seconds_stopping))

    def _must_stop(self) -> bool:
        # A signal may have come before the loop listened to it; and without the master nobody would send one.
        return not self.alive or self.ppid != os.getppid()
