"""Logs requests that cannot be read: at most one line a second, however many come."""

import logging
from time import monotonic

from order_engine.api.plumbing.problems import Problem

log = logging.getLogger(__name__)

LINE_SECONDS = 1.0


class RefusalLog:
    """Logs the first refusal at once, and the number of those in the next second; never what the client sent."""

    def __init__(self) -> None:
        self._silent_until = 0.0
        self._unlogged = 0

    def note(self, peer: object, problem: Problem) -> None:
        """Log or count a refusal."""
        if monotonic() < self._silent_until:
            self._unlogged += 1
            return
        self.tick()
        self._silent_until = monotonic() + LINE_SECONDS
        log.warning("refused a request of %s: %s", peer, problem.code)

    def tick(self) -> None:
        """Log how many refusals were only counted, if their second is over."""
        if self._unlogged and monotonic() >= self._silent_until:
            log.warning("refused %d more requests within a second", self._unlogged)
            self._unlogged = 0
