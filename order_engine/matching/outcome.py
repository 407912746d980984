"""The outcome of one command, while it is being worked out."""

from order_engine.matching.events import Event


class Outcome:
    """Collects a command's events in order, and numbers its trades from 1."""

    __slots__ = ("events", "sequence", "timestamp_ns", "trade_count")

    def __init__(self, sequence: int, timestamp_ns: int) -> None:
        self.sequence = sequence
        self.timestamp_ns = timestamp_ns
        self.events: list[Event] = []
        self.trade_count = 0

    def next_trade_id(self) -> str:
        """``<sequence of the command>-<n>``."""
        self.trade_count += 1
        return f"{self.sequence}-{self.trade_count}"
