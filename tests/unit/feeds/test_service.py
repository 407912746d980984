"""The rounds of the feeds' process: how long it pauses, and what ends a pause."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import closing
from queue import SimpleQueue
from select import select
from threading import Thread
from typing import Any

from order_engine.feeds.hand_over import BOOK, HandOver, PacketChannel, Report, Subscription
from order_engine.feeds.service import QUIET_PAUSE_SECONDS_MAX, TICK_SECONDS, UNHEARD_PAUSE_SECONDS, FeedService
from order_engine.journal.watermark import MemoryWatermark
from tests.builders import SYMBOL
from tests.local_book import Message, messages_in
from tests.unit.followers.fakes import FakeJournal

PATIENCE_SECONDS = 30.0


class EndlessPauses(asyncio.SelectorEventLoop):
    """A loop in which a pause lasts until something ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: SimpleQueue[float] = SimpleQueue()

    def call_later(self, delay: float, callback: Callable[..., object], *arguments: Any, **options: Any) -> Any:
        if delay == TICK_SECONDS:
            return super().call_later(delay, callback, *arguments, **options)
        self.pauses.put(delay)
        return super().call_later(3_600.0, callback, *arguments, **options)


def test_first_client_ends_the_long_pause_and_sees_what_is_visible() -> None:
    journal, watermark = FakeJournal(), MemoryWatermark()
    ours, theirs = PacketChannel.pair()
    exchange = PacketChannel(ours)
    with ours, theirs, closing(EndlessPauses()) as loop:
        service = FeedService(journal.replica(0), watermark, PacketChannel(theirs), 10, loop)
        thread = Thread(target=service.run)
        thread.start()
        first_pause = loop.pauses.get(timeout=PATIENCE_SECONDS)
        journal.append(2)
        watermark.move(2, 2)

        (snapshot,) = _first_messages(exchange)

        _wait_until_alone(exchange)
        exchange.close()
        thread.join(PATIENCE_SECONDS)
    assert first_pause == UNHEARD_PAUSE_SECONDS
    assert (snapshot["type"], snapshot["sequence"], len(snapshot["bids"])) == ("snapshot", 2, 1)
    assert loop.pauses.get_nowait() <= QUIET_PAUSE_SECONDS_MAX


def _first_messages(exchange: PacketChannel) -> list[Message]:
    client, handed = socket.socketpair()
    client.settimeout(PATIENCE_SECONDS)
    with client, handed:
        exchange.offer(HandOver(Subscription(BOOK, SYMBOL, 10), b"", b""), handed.fileno())
        return messages_in(client.recv(1 << 16))


def _wait_until_alone(exchange: PacketChannel) -> None:
    while not any(isinstance(report, Report) and report.handed > report.clients for report, _ in exchange.receive()):
        select([exchange], [], [], PATIENCE_SECONDS)
