"""The event bus: hands what became durable to the right-hand side, in sequence, from one thread.

Nothing on the right can slow the exchange: a subscriber takes what it is given into a queue of its own and returns.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Thread
from typing import Protocol

from order_engine.exchange.applied import Applied
from order_engine.journal.writer import JournalWriter


class Subscriber(Protocol):
    """Someone on the right-hand side."""

    def publish(self, applied: Applied) -> None:
        """Take the next record; must return at once."""
        ...


class EventBus:
    """Publishes what was enqueued as soon as the journal is durable up to it.

    ``on_failure`` is called, once, if a subscriber raises: a projection that misses an event is worth nothing.
    """

    def __init__(
        self, journal: JournalWriter, subscribers: Sequence[Subscriber], on_failure: Callable[[Exception], None]
    ) -> None:
        self._journal = journal
        self._subscribers = subscribers
        self._on_failure = on_failure
        self._queue: deque[Applied] = deque()
        self._published_sequence = journal.durable_sequence
        self._thread = Thread(target=self._run, name="event-bus", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def enqueue(self, applied: Applied) -> None:
        """Take the next record, in sequence; it is published once it is durable."""
        self._queue.append(applied)

    def join(self) -> None:
        """Return once the journal was closed and all that is durable has been published."""
        self._thread.join()

    def _run(self) -> None:
        try:
            while True:
                durable_sequence = self._journal.wait_beyond(self._published_sequence)
                if durable_sequence <= self._published_sequence:
                    return  # the journal was closed, or has failed
                self._publish_up_to(durable_sequence)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it must stop the exchange rather than this thread only
            self._on_failure(error)

    def _publish_up_to(self, durable_sequence: int) -> None:
        queue = self._queue
        while queue and queue[0].record.last_sequence <= durable_sequence:
            applied = queue.popleft()
            for subscriber in self._subscribers:
                subscriber.publish(applied)
        self._published_sequence = durable_sequence
