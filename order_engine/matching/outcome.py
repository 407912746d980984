"""The outcome of one command, while it is carried out."""

from msgspec import Struct, field

from order_engine.matching.bounds import UNBOUNDED
from order_engine.matching.events import Event


class Outcome(Struct, gc=False):
    """Collects a command's events in order, and counts its trades.

    It may make ``trades_max``; each self-trade that is prevented takes one of them away.
    """

    sequence: int
    timestamp_ns: int
    trades_max: int = UNBOUNDED
    events: list[Event] = field(default_factory=list)
    trade_count: int = 0

    @property
    def steps_left(self) -> int:
        """How many steps may follow; below 0 after a large auction, which is not bound."""
        return self.trades_max - self.trade_count
