"""A client's copy of a book, kept from the messages of a feed as the document tells clients to."""

import json
from dataclasses import dataclass, field
from typing import Any

from order_engine.wire.checksum import book_checksum

Message = dict[str, Any]  # Any: JSON
Level = tuple[str, str, int]


class OutOfStep(Exception):
    """An update is missing, or what was received is wrong: the client must ask for a snapshot."""


@dataclass
class LocalBook:
    """The best levels as of ``sequence``; None until a snapshot came."""

    levels_max: int
    sequence: int | None = None
    bids: dict[str, Level] = field(default_factory=dict)
    asks: dict[str, Level] = field(default_factory=dict)

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
            for price, quantity, orders in changes:
                if quantity == "0":
                    side.pop(price, None)
                else:
                    side[price] = (price, quantity, orders)
        self.sequence = message["sequence"]
        if book_checksum(*self.best(), self.levels_max) != message["checksum"]:
            self.sequence = None
            raise OutOfStep(message)

    def best(self) -> tuple[list[Level], list[Level]]:
        """Return bids and asks, best first."""
        bids = sorted(self.bids.values(), key=lambda level: float(level[0]), reverse=True)
        return bids, sorted(self.asks.values(), key=lambda level: float(level[0]))


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
