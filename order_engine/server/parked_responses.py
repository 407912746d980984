"""Responses that are finished but wait until the command that they report is durable.

The queue is in order of arrival, which is nearly the order of sequences. A retry, whose sequence is older, is sent no
later than the response in front of it.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from order_engine.server.response_bytes import HttpResponse
from order_engine.server.served_venue import Environ

# The number of connections bounds what smaller responses need.
SMALL_BYTES = 1 << 14


class ResponseReceiver(Protocol):
    """A client's connection."""

    def send(self, environ: Environ, response: HttpResponse) -> None:
        """Send a response, and go on with the next request."""

    def count_parked(self, size: int) -> None:
        """Count the bytes of a response that is parked."""


class Parked(NamedTuple):
    """A response, the sequence that it depends on, and its receiver."""

    sequence: int
    receiver: ResponseReceiver
    environ: Environ
    response: HttpResponse


class ParkedResponses:
    """The queue. ``outcome_unknown`` makes the response for a command that this process could not make durable."""

    def __init__(self, visible_sequence: Callable[[], int], outcome_unknown: Callable[[Environ], HttpResponse]) -> None:
        self._find_visible = visible_sequence
        self._visible_sequence = 0
        self._outcome_unknown = outcome_unknown
        self._queue: deque[Parked] = deque()
        self._has_failed = False

    def __len__(self) -> int:
        return len(self._queue)

    def send_or_park(self, sequence: int, receiver: ResponseReceiver, environ: Environ, response: HttpResponse) -> None:
        """Send a response as soon as ``sequence`` is visible."""
        if sequence <= self._visible_sequence or sequence <= self._look():
            receiver.send(environ, response)
        elif self._has_failed:
            receiver.send(environ, self._outcome_unknown(environ))
        else:
            self._queue.append(Parked(sequence, receiver, environ, response))
            if len(response.body) > SMALL_BYTES:
                receiver.count_parked(len(response.body))

    def release(self) -> None:
        """Send the responses whose sequences are visible now."""
        visible_sequence = self._look()
        queue = self._queue
        while queue and queue[0].sequence <= visible_sequence:
            _, receiver, environ, response = queue.popleft()
            receiver.send(environ, response)

    def fail(self) -> None:
        """Send what is visible, and ``outcome_unknown`` for the rest, now and from now on."""
        self._has_failed = True
        queue, self._queue = self._queue, deque()
        for parked in queue:
            self.send_or_park(*parked)

    def _look(self) -> int:
        self._visible_sequence = visible = self._find_visible()
        return visible
