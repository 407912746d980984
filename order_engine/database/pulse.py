"""The pulse of the database: its status, known in time even when the database does not answer.

A database that hangs also blocks the caller. So a thread asks it, one question at a time; an answer is good for a
moment, and no answer within a moment is a status too.
"""

from collections.abc import Callable
from threading import Lock, Thread
from time import monotonic


class Pulse:
    """Says what ``check`` says, or for how long it has said nothing. It asks only when ``status`` is called."""

    def __init__(self, check: Callable[[], str], patience_seconds: float = 1.0, fresh_seconds: float = 1.0) -> None:
        self._check = check
        self._patience_seconds = patience_seconds
        self._fresh_seconds = fresh_seconds
        self._lock = Lock()
        self._question: _Question | None = None

    def status(self) -> str:
        """Return ``ok`` or what is wrong."""
        with self._lock:
            question = self._question
            if question is None or question.is_over(self._fresh_seconds):
                question = self._question = _Question(self._check)
        return question.answer_within(self._patience_seconds)


class _Question:
    def __init__(self, check: Callable[[], str]) -> None:
        self._check = check
        self._answer: str | None = None
        self._asked_at = monotonic()
        self._thread = Thread(target=self._ask, name="database-pulse", daemon=True)
        self._thread.start()

    def is_over(self, seconds: float) -> bool:
        return not self._thread.is_alive() and self._age() >= seconds

    def answer_within(self, seconds: float) -> str:
        self._thread.join(max(0.0, seconds - self._age()))
        return self._answer or f"no answer for {self._age():.0f} s"

    def _ask(self) -> None:
        self._answer = self._check()

    def _age(self) -> float:
        return monotonic() - self._asked_at
