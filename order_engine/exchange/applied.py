"""What became of a journal record: the unit in which the middle of the exchange speaks to its right-hand side."""

from typing import NamedTuple

from order_engine.journal.record import Record
from order_engine.matching.events import Event


class Applied(NamedTuple):
    """A record and, for each of its commands in order, the events that it caused."""

    record: Record
    events: list[list[Event]]
