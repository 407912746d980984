"""The outcome of one command, while it is being worked out."""

from msgspec import Struct, field

from order_engine.matching.events import Event


class Outcome(Struct, gc=False):
    """Collects a command's events in order, and counts its trades."""

    sequence: int
    timestamp_ns: int
    events: list[Event] = field(default_factory=list)
    trade_count: int = 0
