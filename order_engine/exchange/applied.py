"""A journal record and the events that it caused: what the exchange and its followers work with."""

from typing import NamedTuple

from order_engine.journal.record import Record
from order_engine.matching.events import Event


class Applied(NamedTuple):
    """A record and, for each of its commands in order, the events that it caused."""

    record: Record
    events: list[list[Event]]

    @property
    def weight(self) -> int:
        """How much it is to hold and to write: its commands, or half of its events if that is more."""
        return max(len(self.record.commands), sum(map(len, self.events)) // 2)
