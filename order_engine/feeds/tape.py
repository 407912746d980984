"""The tape of one instrument: its newest trades as messages, for clients that come back."""

from collections.abc import Callable

import msgspec

from order_engine.feeds.channel import Part
from order_engine.feeds.frames import text_frame
from order_engine.feeds.history import History
from order_engine.wire.messages.feeds import FeedTrade
from order_engine.wire.messages.trades import Trade

_encode = msgspec.json.Encoder().encode


class Tape:
    """Trades in order; ``last`` is the newest."""

    def __init__(self, forgotten_sequence: int, now: Callable[[], int]) -> None:
        self.last: Trade | None = None
        self._history = History[bytes](forgotten_sequence, now, lambda frame: frame)

    def add(self, trade: Trade) -> bytes:
        """Write a trade down; return its message."""
        self.last = trade
        frame = text_frame(_encode(FeedTrade(*msgspec.structs.astuple(trade))))
        self._history.add(trade.sequence, frame)
        return frame

    def forget_first(self) -> None:
        """Forget the oldest trade."""
        self._history.forget_first()

    def after(self, sequence: int | None) -> Part:
        """Return the trades after a sequence, or as many of them as fit; None: only what is still to come."""
        return self._history.after(sequence)
