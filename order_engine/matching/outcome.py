"""The outcome of one command, while it is being worked out."""

from msgspec import Struct, field

from order_engine.matching.bounds import UNBOUNDED
from order_engine.matching.events import Event


class Outcome(Struct, gc=False):
    """Collects a command's events in order, and counts its trades and the self-trades that were prevented.

    Together these are its steps, of which it may make ``steps_max``.
    """

    sequence: int
    timestamp_ns: int
    steps_max: int = UNBOUNDED
    events: list[Event] = field(default_factory=list)
    trade_count: int = 0
    prevented_count: int = 0

    @property
    def steps_left(self) -> int:
        """How many steps may follow; below 0 after a large auction, which is not bound."""
        return self.steps_max - self.trade_count - self.prevented_count
