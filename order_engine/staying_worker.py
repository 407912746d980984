"""A gunicorn worker whose threads stay with a connection for a moment after they have answered.

Gunicorn's own hands a connection back to its main thread after each request, and gets it again for the next: two
changes of thread, which cost about as much as placing the order. A client that sends one request after another finds
its thread waiting instead, as long as nobody else needs the thread.
"""

from select import POLLIN, poll
from socket import socket

from gunicorn.workers.gthread import TConn, ThreadWorker

STAY_MS = 50


class StayingWorker(ThreadWorker):  # type: ignore[misc] # gunicorn ships no types
    """Serves as ``gthread`` does, with fewer changes of thread."""

    def handle(self, conn: TConn) -> object:
        """Answer a request, and those that follow it closely; the result says what becomes of the connection."""
        kept = super().handle(conn)
        while kept is True and self._may_stay() and _is_readable_within(conn.sock, STAY_MS):
            kept = super().handle(conn)
        return kept

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take connections or not; a worker that stops takes those that wait already, whose requests may be sent."""
        if not enabled and not self.alive:
            for listener in self.sockets:
                self._accept_waiting(listener)
        super().set_accept_enabled(enabled)

    def _accept_waiting(self, listener: socket) -> None:
        for _ in range(self.cfg.backlog):
            if not _is_readable_within(listener, 0):
                return
            self.accept(listener)

    def _may_stay(self) -> bool:
        # What waits in the pool's queue needs a thread, perhaps this one.
        nobody_waits: bool = self.tpool._work_queue.empty()
        return self.alive and nobody_waits


def _is_readable_within(connection: socket, milliseconds: int) -> bool:
    poller = poll()
    poller.register(connection, POLLIN)
    return bool(poller.poll(milliseconds))
