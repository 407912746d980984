"""The pulse: the status of the database, without waiting for the database.

A call to a database that hangs blocks. So a thread checks it every second, and readers get the last result, or how long
the present check has taken.
"""

import logging
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic

log = logging.getLogger(__name__)

OK = "ok"


class Pulse:
    """Keeps the last result of ``check``; ``ok`` before the first."""

    def __init__(self, check: Callable[[], str], interval_seconds: float = 1.0, patience_seconds: float = 1.0) -> None:
        self._check = check
        self._interval_seconds = interval_seconds
        self._patience_seconds = patience_seconds
        self._status = OK
        self._check_began: float | None = None
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="database-pulse", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopping.set()

    def status(self) -> str:
        """Return ``ok`` or what is wrong, without waiting."""
        began = self._check_began
        if began is not None and (seconds := monotonic() - began) > self._patience_seconds:
            return f"no answer for {seconds:.0f} s"
        return self._status

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_seconds):
            self._check_began = monotonic()
            try:
                self._status = self._check()
            except Exception as error:
                log.exception("the database cannot be checked")
                self._status = f"{type(error).__name__}: {error}"
            self._check_began = None
