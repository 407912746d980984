"""Answers that are finished and must not be sent yet: what they say is not durable.

They leave in the order in which they came, which is that of their sequences but for a few that waited longer than they
had to: a retry is parked with the answer it repeats.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from order_engine.server.answer_bytes import Answer
from order_engine.server.venue_ports import Environ


class AnswerTaker(Protocol):
    """A client's connection."""

    def send(self, environ: Environ, answer: Answer) -> None:
        """Send an answer, and go on with the next request."""


class Parked(NamedTuple):
    """An answer, the sequence it depends on, and whose it is."""

    sequence: int
    taker: AnswerTaker
    environ: Environ
    answer: Answer


class ParkedAnswers:
    """The queue. ``outcome_unknown`` is what a request gets whose outcome will never be durable in this process."""

    def __init__(self, visible_sequence: Callable[[], int], outcome_unknown: Callable[[Environ], Answer]) -> None:
        self._find_visible = visible_sequence
        self._visible_sequence = 0
        self._outcome_unknown = outcome_unknown
        self._queue: deque[Parked] = deque()
        self._has_failed = False

    def __len__(self) -> int:
        return len(self._queue)

    def send_or_park(self, sequence: int, taker: AnswerTaker, environ: Environ, answer: Answer) -> None:
        """Send an answer as soon as ``sequence`` is visible."""
        if sequence <= self._visible_sequence or sequence <= self._look():
            taker.send(environ, answer)
        elif self._has_failed:
            taker.send(environ, self._outcome_unknown(environ))
        else:
            self._queue.append(Parked(sequence, taker, environ, answer))

    def release(self) -> None:
        """Send all that is visible now."""
        visible_sequence = self._look()
        queue = self._queue
        while queue and queue[0].sequence <= visible_sequence:
            _, taker, environ, answer = queue.popleft()
            taker.send(environ, answer)

    def fail(self) -> None:
        """Answer what is not visible by now: nothing will be any more."""
        self._has_failed = True
        queue, self._queue = self._queue, deque()
        for parked in queue:
            self.send_or_park(*parked)

    def _look(self) -> int:
        self._visible_sequence = visible = self._find_visible()
        return visible
