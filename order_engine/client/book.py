"""A local copy of a book's best levels, kept from a feed's snapshot and updates. No I/O."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from order_engine.client.messages import Level
from order_engine.client.terms import SessionState
from order_engine.wire.checksum import book_checksum


class BookSnapshot(Struct, frozen=True, kw_only=True):
    """All levels that the feed shows, best first."""

    sequence: int
    bids: list[Level]
    asks: list[Level]
    checksum: int
    state: SessionState | None


class BookUpdate(Struct, frozen=True, kw_only=True):
    """The levels that changed; quantity 0 removes one."""

    sequence: int
    previous_sequence: int
    bids: list[Level]
    asks: list[Level]
    checksum: int


class OutOfStep(Exception):
    """An update is missing, or what was received is wrong: only a new snapshot helps."""


class Book:
    """The best levels of a book, best first. The lists are replaced, never changed, so they may be kept."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.sequence: int | None = None
        self.state: SessionState | None = None
        self.bids: list[Level] = []
        self.asks: list[Level] = []

    @property
    def best_bid(self) -> Decimal | None:
        """The highest price that somebody bids."""
        return self.bids[0].price if self.bids else None

    @property
    def best_ask(self) -> Decimal | None:
        """The lowest price that somebody asks for."""
        return self.asks[0].price if self.asks else None

    def begin(self, snapshot: BookSnapshot) -> None:
        """Take a snapshot; raises ``OutOfStep`` if it is not what its checksum says."""
        self.state = snapshot.state
        self._set(snapshot, [], [])

    def change(self, update: BookUpdate) -> None:
        """Take an update; raises ``OutOfStep`` if it does not follow, or leads to another book than the exchange's."""
        if self.sequence is None or update.previous_sequence != self.sequence:
            self.sequence = None
            raise OutOfStep(f"{self.symbol}: an update is missing before {update.sequence}")
        self._set(update, self.bids, self.asks)

    def _set(self, message: BookSnapshot | BookUpdate, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        self.bids = sorted(_changed(bids, message.bids), reverse=True)
        self.asks = sorted(_changed(asks, message.asks))
        found = book_checksum(map(_text, self.bids), map(_text, self.asks))
        self.sequence = message.sequence if found == message.checksum else None
        if self.sequence is None:
            raise OutOfStep(f"{self.symbol}: checksum {found} at {message.sequence}, expected {message.checksum}")


def _changed(levels: Iterable[Level], changes: Iterable[Level]) -> list[Level]:
    by_price = {level.price: level for level in levels} | {level.price: level for level in changes}
    return [level for level in by_price.values() if level.quantity]


def _text(level: Level) -> tuple[str, str, int]:
    # The same text as in the message: a Decimal keeps its decimals, but may write a small one with an exponent.
    return f"{level.price:f}", f"{level.quantity:f}", level.orders
