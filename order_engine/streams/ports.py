"""What the pump is joined to: something that commands come from, and somewhere that events go.

A file of NDJSON is one pair of implementations; a topic of a message broker is another.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from order_engine.matching.commands import Command
from order_engine.matching.events import Event


class Received(Struct, frozen=True, gc=False):
    """A command with its place in the stream and its time, which never goes backwards."""

    sequence: int
    timestamp_ns: int
    command: Command


class CommandSource(Protocol):
    """Where commands come from."""

    def batches(self) -> Iterator[Sequence[Received]]:
        """Yield what has come in, in order of sequence, as soon as it is there; end where the stream ends."""
        ...


class EventSink(Protocol):
    """Where events go."""

    def write(self, received: Received, events: Sequence[Event]) -> None:
        """Take the events of one command; they may be held back until the next flush."""
        ...

    def flush(self) -> None:
        """Let go of all that was held back."""
        ...
