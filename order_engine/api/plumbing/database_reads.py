"""Reads of the database: each waits until the database has the sequence it needs, without delaying order entry."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from flask import request

from order_engine.api.plumbing.flask_app import CONTINUES, ServiceApp
from order_engine.api.plumbing.parking import CAN_CONTINUE, CONTINUATION, Continuation
from order_engine.api.plumbing.problems import Problem, invalid
from order_engine.api.plumbing.responses import JsonResponse
from order_engine.exchange.errors import ExchangeHalted
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.phase import Phase
from order_engine.followers.progress import SQL, Progress

MIN_SEQUENCE_HEADER = "X-Min-Sequence"
WAIT_SECONDS = 5.0

# Our server discards the placeholder. Another server must not mistake it for success.
PLACEHOLDER_STATUS = 503

Read = Callable[[], JsonResponse]


class LaterReads(Protocol):
    """Runs what need not or must not be done at once; see ``DatabaseReads``."""

    def when_shown(self, min_sequence: int, read: Read, *, otherwise: Read | None = None) -> JsonResponse:
        """Respond with ``read`` once the database has a sequence, or else with ``otherwise``."""
        ...

    def later(self, read: Read) -> JsonResponse:
        """Respond with ``read``, run where others need not wait for it."""
        ...


class DatabaseReads:
    """Runs reads once the database has the sequence that they need, and gives up after ``seconds``."""

    def __init__(self, app: ServiceApp, exchange: Exchange, progress: Progress, seconds: float = WAIT_SECONDS) -> None:
        self._app = app
        self._exchange = exchange
        self._progress = progress
        self._seconds = seconds

    def require_given_out(self, min_sequence: int) -> None:
        """Refuse an ``X-Min-Sequence`` that no response has given out."""
        if min_sequence > self._exchange.visible_sequence:
            # The last sequence is not known until recovery is done.
            self._require_open()
            raise invalid({MIN_SEQUENCE_HEADER: ["No response has given out this sequence yet."]})

    def when_shown(
        self, min_sequence: int, read: Read, *, otherwise: Read | None = None, seconds: float | None = None
    ) -> JsonResponse:
        """Respond with ``read`` once the database has a sequence; after a time-out with ``otherwise``, or 503.

        Under a server that runs continuations this returns a placeholder at once; under another it waits.
        """
        self._require_open()
        progress = self._progress
        if not progress.reads_open:
            # The follower reports its first sequence once it has opened the database.
            min_sequence = max(min_sequence, 1)
        wait_seconds = self._seconds if seconds is None else seconds
        if not progress.shows(min_sequence):
            progress.want(min_sequence)
            if progress.is_in_trouble(SQL):
                # Waiting would not help.
                return self.later(partial(self._read_or_else, min_sequence, read, otherwise))
        return self.later(partial(self._read_or_else, min_sequence, read, otherwise), min_sequence, wait_seconds)

    def later(self, read: Read, min_sequence: int = 0, seconds: float = 0.0) -> JsonResponse:
        """Run ``read`` where it may block, once the database has a sequence or ``seconds`` have passed."""
        environ = request.environ
        if CONTINUES in environ:
            return read()
        if environ.get(CAN_CONTINUE):
            environ[CONTINUATION] = Continuation(partial(self._app.go_on, environ, read), min_sequence, seconds)
            return JsonResponse(b"", PLACEHOLDER_STATUS)
        self._progress.wait_shown(min_sequence, seconds)
        return read()

    def latest_sequence(self) -> int:
        """Return the newest sequence that any response has shown."""
        return self._exchange.visible_sequence

    def _read_or_else(self, min_sequence: int, read: Read, otherwise: Read | None) -> JsonResponse:
        progress = self._progress
        if progress.reads_open and progress.shows(min_sequence):
            return read()
        if otherwise is not None:
            return otherwise()
        raise self._not_shown(min_sequence)

    def _not_shown(self, min_sequence: int) -> Problem:
        progress = self._progress
        if progress.reads_open:
            return Problem("projection_behind", f"The database did not reach sequence {min_sequence} in time.")
        if progress.is_in_trouble(SQL):
            return Problem("database_unavailable", "The database cannot be opened.")
        return Problem("database_starting", "The database is being brought up to date.")

    def _require_open(self) -> None:
        phase = self._exchange.phase
        if phase is Phase.HALTED:
            raise ExchangeHalted(f"The exchange has halted and needs a restart: {self._exchange.fault}")
        if phase is not Phase.OPEN:
            raise Problem("starting", f"The exchange is {'starting' if phase is Phase.STARTING else 'closing'}.")
