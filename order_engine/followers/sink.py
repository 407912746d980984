"""Sinks: where the follower writes the events. Each sink has a checkpoint of its own."""

from collections.abc import Sequence
from typing import Protocol

from order_engine.exchange.applied import Applied


class SinkAway(Exception):
    """The sink cannot be written now, but may be later. The follower backs off and tries again."""


class SinkFaulted(Exception):
    """The sink cannot go on without a repair. The text says what is wrong and how to repair it."""


class Sink(Protocol):
    """A target that follows the journal. One thread uses it; after any error it must be opened again."""

    name: str
    sequence: int

    def open(self, journal_id: str, journal_end: int) -> int:
        """Connect and return the last sequence that is written; raise ``SinkAway`` or ``SinkFaulted``."""
        ...

    def write(self, batch: Sequence[Applied]) -> None:
        """Write consecutive records that follow ``sequence``, all or none of them."""
        ...

    def sync(self) -> int:
        """Sync what was written; return the last sequence that a power cut cannot lose."""
        ...

    def close(self) -> None:
        """Close the sink, synced or not."""
        ...
