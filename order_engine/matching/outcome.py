"""The outcome of one command, while it is being worked out."""

from msgspec import Struct, field

from order_engine.matching.events import Event


class Outcome(Struct, gc=False):
    """Collects a command's events in order, and numbers its trades from 1."""

    sequence: int
    timestamp_ns: int
    events: list[Event] = field(default_factory=list)
    trade_count: int = 0

    def next_trade_id(self) -> str:
        """``<sequence of the command>-<n>``."""
        self.trade_count += 1
        return f"{self.sequence}-{self.trade_count}"
