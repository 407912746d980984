"""The pump's two ports: a source of commands and a sink for events.

NDJSON files implement them today; topics of a message broker may follow.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from order_engine.matching.commands import Command
from order_engine.matching.events import Event


class Received(Struct, frozen=True, gc=False):
    """A command with its sequence in the stream and its timestamp, which never decreases."""

    sequence: int
    timestamp_ns: int
    command: Command


class CommandSource(Protocol):
    """Where commands come from."""

    def batches(self) -> Iterator[Sequence[Received]]:
        """Yield commands in order of sequence as soon as they arrive, until the stream ends."""
        ...


class EventSink(Protocol):
    """Where events go."""

    def write(self, received: Received, events: Sequence[Event]) -> None:
        """Write the events of one command; they may be buffered until the next flush."""
        ...

    def flush(self) -> None:
        """Write out what is buffered."""
        ...
