"""A depth view: the best levels of one book, and what changes in them from one look to the next.

Any number of commands may lie between two looks. A copy that applies every change, in order, has the same levels.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from order_engine.matching.book_side import BookSide
from order_engine.matching.order_book import OrderBook

LevelE8 = tuple[int, int, int]
"""Price and shown quantity, in units of 10^-8, and the number of orders."""


class DepthChange(NamedTuple):
    """What changed after ``previous_sequence`` up to ``sequence``; a quantity of 0 removes the level.

    A level that comes into the best ones is there whole, and one that leaves them is removed. ``top`` is the best level
    of each side if one of them has changed, else None.
    """

    previous_sequence: int
    sequence: int
    bids: list[LevelE8]
    asks: list[LevelE8]
    top: tuple[list[LevelE8], list[LevelE8]] | None


class DepthView:
    """The best ``levels_max`` levels of each side, best first, as of ``sequence``, when they last changed."""

    def __init__(self, levels_max: int, book: OrderBook | None, sequence: int) -> None:
        self.levels_max = levels_max
        self.sequence = sequence
        self.bids = self._read(book, is_bids=True)
        self.asks = self._read(book, is_bids=False)

    def look(self, book: OrderBook | None, sequence: int) -> DepthChange | None:
        """Take over the book as it stands at ``sequence``; None if none of the levels has changed."""
        bids, asks = self._read(book, is_bids=True), self._read(book, is_bids=False)
        if bids == self.bids and asks == self.asks:
            return None
        top = bids[:1], asks[:1]
        change = DepthChange(
            self.sequence,
            sequence,
            list(_changes(self.bids, bids)),
            list(_changes(self.asks, asks)),
            top if top != (self.bids[:1], self.asks[:1]) else None,
        )
        self.sequence, self.bids, self.asks = sequence, bids, asks
        return change

    def _read(self, book: OrderBook | None, *, is_bids: bool) -> list[LevelE8]:
        if book is None:
            return []
        side: BookSide = book.bids if is_bids else book.asks
        tick, lot = book.instrument.tick_size_e8, book.instrument.lot_size_e8
        best = islice(side.best_first(), self.levels_max)
        return [(level.price_ticks * tick, level.shown_lots * lot, level.length) for level in best]


def apply_changes(levels: dict[int, LevelE8], changes: Iterable[LevelE8]) -> None:
    """Apply changes to a copy of one side, which maps each price to its level."""
    for level in changes:
        if level[1]:
            levels[level[0]] = level
        else:
            levels.pop(level[0], None)


def _changes(before: list[LevelE8], after: list[LevelE8]) -> Iterator[LevelE8]:
    known = {level[0]: level for level in before}
    for level in after:
        if known.pop(level[0], None) != level:
            yield level
    for price_e8 in known:
        yield price_e8, 0, 0
