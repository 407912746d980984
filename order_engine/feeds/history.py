"""A history: the newest entries of a feed, for clients that come back. Entries become messages when they are sent."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from order_engine.feeds.channel import Part
from order_engine.feeds.frames import text_frame
from order_engine.wire.messages.feeds import Gap

PART_BYTES = 1 << 15

Entry = TypeVar("Entry")

_encode = msgspec.json.Encoder().encode


class History(Generic[Entry]):
    """Entries in order of sequence. All after ``forgotten_sequence`` are here. ``now`` is how far the feed is."""

    def __init__(self, forgotten_sequence: int, now: Callable[[], int], render: Callable[[Entry], bytes]) -> None:
        self.forgotten_sequence = forgotten_sequence
        self._now = now
        self._render = render
        self._sequences: list[int] = []
        self._entries: list[Entry] = []
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._entries) - self._forgotten

    def add(self, sequence: int, entry: Entry) -> None:
        """Write an entry down."""
        self._sequences.append(sequence)
        self._entries.append(entry)

    def forget_first(self) -> None:
        """Forget the oldest entry."""
        self.forgotten_sequence = self._sequences[self._forgotten]
        self._forgotten += 1
        # Removing from the front of a list moves the rest: wait until more is removed than moved.
        if 2 * self._forgotten >= len(self._entries):
            del self._sequences[: self._forgotten]
            del self._entries[: self._forgotten]
            self._forgotten = 0

    def after(self, sequence: int | None) -> Part:
        """Return the entries after a sequence, or as many of them as fit; None: only what is still to come."""
        now = self._now()
        if sequence is None:
            return Part(b"", now, is_last=True)
        parts, size = [], 0
        if sequence < self.forgotten_sequence:
            parts.append(text_frame(_encode(Gap(sequence + 1, self.forgotten_sequence))))
            sequence = self.forgotten_sequence
        first = bisect_right(self._sequences, sequence, self._forgotten)
        for place in range(first, len(self._entries)):
            # The entries of one command stay together, because a client goes on after a sequence.
            if size > PART_BYTES and self._sequences[place] != self._sequences[place - 1]:
                return Part(b"".join(parts), self._sequences[place - 1], is_last=False)
            parts.append(self._render(self._entries[place]))
            size += len(parts[-1])
        return Part(b"".join(parts), now, is_last=True)


class Remembered:
    """Bounds several histories together: with more than ``entries_max`` entries the oldest is forgotten."""

    def __init__(self, entries_max: int) -> None:
        self._entries_max = entries_max
        self._owners: deque[Callable[[], object]] = deque()

    def add(self, forget_first: Callable[[], object]) -> None:
        """Count an entry that was just written down; ``forget_first`` is its history's."""
        self._owners.append(forget_first)
        if len(self._owners) > self._entries_max:
            self._owners.popleft()()
