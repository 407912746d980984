"""The outcome of one command, while it is being worked out."""

from order_engine.matching.events import Event


class Outcome:
    """Collects a command's events in order, and numbers its trades from 1."""

    __slots__ = ("_trades", "events", "sequence", "timestamp_ns")

    def __init__(self, sequence: int, timestamp_ns: int) -> None:
        self.sequence = sequence
        self.timestamp_ns = timestamp_ns
        self.events: list[Event] = []
        self._trades = 0

    def next_trade_id(self) -> str:
        """``<sequence of the command>-<n>``."""
        self._trades += 1
        return f"{self.sequence}-{self._trades}"
