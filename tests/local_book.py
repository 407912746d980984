"""A client's copy of a book, kept from the messages of a feed as the document tells clients to."""

import json
from dataclasses import dataclass, field
from typing import Any

from order_engine.wire.checksum import book_checksum, orders_checksum

Message = dict[str, Any]  # Any: JSON
Row = tuple[Any, ...]  # Any: price, quantity, number of orders of a level; id, price, quantity of an order


class OutOfStep(Exception):
    """An update is missing, or what was received is wrong: the client must ask for a snapshot."""


@dataclass
class LocalBook:
    """The best levels or orders as of ``sequence``; None until a snapshot came."""

    is_by_order: bool = False
    sequence: int | None = None
    bids: dict[str, Row] = field(default_factory=dict)
    asks: dict[str, Row] = field(default_factory=dict)

    def take(self, message: Message) -> None:
        """Apply a message; raises ``OutOfStep``, after which only a snapshot helps."""
        if message["type"] == "snapshot":
            self.bids, self.asks = {}, {}
        elif message["type"] != "update":
            return
        elif self.sequence is None or message["previous_sequence"] != self.sequence:
            self.sequence = None
            raise OutOfStep(message)
        for side, changes in ((self.bids, message["bids"]), (self.asks, message["asks"])):
            for row in changes:
                if row[2 if self.is_by_order else 1] == "0":
                    side.pop(row[0], None)
                else:
                    # What is there keeps its place, and what is new comes last.
                    side[row[0]] = tuple(row)
        self.sequence = message["sequence"]
        checksum = orders_checksum if self.is_by_order else book_checksum
        if checksum(*self.best()) != message["checksum"]:
            self.sequence = None
            raise OutOfStep(message)

    def best(self) -> tuple[list[Any], list[Any]]:  # Any: rows
        """Return bids and asks, best first."""
        return sorted(self.bids.values(), key=self._price, reverse=True), sorted(self.asks.values(), key=self._price)

    def _price(self, row: Row) -> float:
        return float(row[1 if self.is_by_order else 0])


def messages_in(frames: bytes) -> list[Message]:
    """Take a server's text frames apart."""
    messages = []
    while frames:
        length, start = frames[1], 2
        if length == 126:
            length, start = int.from_bytes(frames[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(frames[2:10], "big"), 10
        messages.append(json.loads(frames[start : start + length]))
        frames = frames[start + length :]
    return messages
