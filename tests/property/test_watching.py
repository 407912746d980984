"""The Python client on a line that loses messages and connections: books are right, and nothing is missed or twice."""

import json
from itertools import zip_longest

from hypothesis import given, settings
from hypothesis import strategies as st

from order_engine.client import Book
from order_engine.client.messages import Level
from order_engine.client.subscriptions import Place, watch_book
from order_engine.feeds.hand_over import BOOK, Subscription
from order_engine.matching.commands import Command
from tests.local_book import messages_in
from tests.property.strategies import STREAMS, steps
from tests.property.test_book_feed import DEPTHS, SYMBOL, Market


class Watcher:
    """A client of the feed that watches a book."""

    is_blocked = False

    def __init__(self, depth: int) -> None:
        self._subscription = watch_book(SYMBOL, depth)
        self.shown: list[tuple[int | None, object]] = []
        self.loses = self.wants_snapshot = False

    def send(self, frames: bytes) -> None:
        for message in messages_in(frames):
            if self.loses:
                continue
            received = self._subscription.receive(json.dumps(message))
            self.wants_snapshot |= received.reply is not None
            self.shown += [(book.sequence, rows_of(book)) for book in received.items]


def rows_of(book: Book) -> tuple[list[object], list[object]]:
    def rows(side: list[Level]) -> list[object]:
        return [(f"{level.price:f}", f"{level.quantity:f}", level.orders) for level in side]

    return rows(book.bids), rows(book.asks)


@settings(max_examples=100, deadline=None)
@given(commands=STREAMS, losses=st.lists(st.booleans(), min_size=80), depth=DEPTHS)
def test_every_book_that_is_shown_is_that_of_the_exchange(
    commands: list[Command], losses: list[bool], depth: int
) -> None:
    market, watcher = Market(depth), Watcher(depth)
    channel = market.feeds.join(watcher, Subscription(BOOK, SYMBOL, depth), 0)

    for step, loses in zip_longest(steps(commands), losses[: len(commands)]):
        watcher.loses = loses
        market.apply(step.command, step.sequence, step.timestamp_ns)
        market.feeds.look()
        market.feeds.flush(0)
        watcher.loses = False
        if watcher.wants_snapshot:
            watcher.wants_snapshot = False
            channel.resync(watcher)

    channel.resync(watcher)
    assert [rows for _, rows in watcher.shown] == [market.books[sequence or 0] for sequence, _ in watcher.shown]
    assert watcher.shown[-1][1] == market.book_now()


@given(
    counts=st.lists(st.integers(0, 3), max_size=12),
    losses=st.lists(st.integers(0, 8), max_size=12),
    heartbeats=st.sets(st.integers(0, 12)),
)
def test_each_message_comes_once_whatever_is_lost(counts: list[int], losses: list[int], heartbeats: set[int]) -> None:
    """``counts`` are each command's messages, ``losses`` how many come before each loss."""
    stream = [(sequence, number) for sequence, messages in enumerate(counts, start=1) for number in range(messages)]
    place = Place(0)
    received = []

    for length in [*losses, len(stream)]:
        place.connect()
        since = place.since or 0
        coming = [message for message in stream if message[0] > since][:length]
        for message, following in zip(coming, [*coming[1:], None], strict=False):
            if place.is_new(message[0]):
                received.append(message)
            is_whole = following is not None and following[0] > message[0]
            if is_whole and message[0] in heartbeats:
                place.reach(message[0])

    assert received == stream
