"""Sinks: where a follower writes what it read from the journal, each with a checkpoint of its own."""

from collections.abc import Sequence
from typing import Protocol

from order_engine.exchange.applied import Applied


class SinkAway(Exception):
    """The sink cannot be written now, but may be later: the follower backs off and goes on."""


class SinkFaulted(Exception):
    """Waiting does not help: the sink stands still, and the text names what is wrong and what repairs it."""


class Sink(Protocol):
    """A place that follows the journal. It belongs to one thread; after any error it must be opened again."""

    name: str
    sequence: int

    def open(self, journal_id: str, journal_end: int) -> int:
        """Connect and return the last sequence that is written; raise ``SinkAway`` or ``SinkFaulted``."""
        ...

    def write(self, batch: Sequence[Applied]) -> None:
        """Write consecutive records that follow ``sequence``, all or none of them."""
        ...

    def sync(self) -> int:
        """Put all that was written on disk; return the sequence up to which no power cut takes it back."""
        ...

    def close(self) -> None:
        """Release the sink, synced or not."""
        ...
