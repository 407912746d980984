"""The feeds' process: follows the journal up to the watermark, and serves the clients that the exchange hands over.

It works in rounds. Each round reads what has become durable, and sends what that changed. After a round it pauses as
long as the round took, so that many clients cost larger rounds and not a whole processor. While nothing happens the
pauses grow to ten milliseconds, so that a quiet exchange costs next to nothing. While nobody listens they are longer,
so that orders pay little for feeds that nobody wants; the first client ends the pause.
"""

import asyncio
import logging
import os
import resource
import socket
from collections.abc import Callable
from time import monotonic

from order_engine.feeds.event_loop import new_loop
from order_engine.feeds.feeds import Feeds
from order_engine.feeds.hand_over import ChannelClosed, Finish, HandOver, PacketChannel, Report
from order_engine.feeds.subscriber import Subscriber
from order_engine.feeds.web_socket import GOING_AWAY, TRY_LATER
from order_engine.followers.process import watch_exchange
from order_engine.followers.replica import Replica
from order_engine.journal.watermark import Watermark

log = logging.getLogger(__name__)

PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX = 0.001, 0.05
QUIET_PAUSE_SECONDS_MAX = 0.01
UNHEARD_PAUSE_SECONDS = 0.05
TICK_SECONDS = 0.25
# Books are looked at after each record, while that takes no longer than this; then once for all that is left.
LOOK_SECONDS = 0.02
RECORDS_MAX = 500
GOODBYE_SECONDS = 1.0
OTHER_FILES = 64


class FeedService:
    """Serves the feeds of a replica in a loop. ``clients_max`` bounds the clients."""

    def __init__(
        self,
        replica: Replica,
        watermark: Watermark,
        channel: PacketChannel,
        clients_max: int,
        loop: asyncio.AbstractEventLoop,
        *,
        hides_ids: bool = False,
    ) -> None:
        self._replica = replica
        self._watermark = watermark
        self._channel = channel
        self._clients_max = clients_max
        self._loop = loop
        self._feeds = Feeds(lambda: replica.state.engine, replica.sequence, hides_ids=hides_ids)
        self._clients: dict[Subscriber, None] = {}
        self._handed = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_sequence: int | None = None
        self._is_ready = False
        self._pause_min = PAUSE_SECONDS_MIN
        self._is_unheard = True
        self._exit_code = 0

    def run(self) -> int:
        """Serve until the exchange says that it ends, or is gone; return the exit code."""
        self._loop.add_reader(self._channel.fileno(), self._receive)
        self._loop.call_soon(self._tick)
        self._next_round: asyncio.Handle = self._loop.call_soon(self._round)
        self._loop.run_forever()
        return self._exit_code

    def _round(self) -> None:
        began = monotonic()
        try:
            count = self._follow(began)
            self._feeds.flush(monotonic())
        except Exception:
            # The exchange starts a new process, which begins with a new replica.
            log.exception("the feeds cannot go on")
            self._exit_code = 1
            self._loop.stop()
            return
        # Clients are taken once the feeds have come to where the journal is.
        self._is_ready |= self._replica.sequence >= self._watermark.visible
        # Nor is goodbye said to a client whose connection is still on its way into the loop.
        if self._last_sequence is not None and self._replica.sequence >= self._last_sequence and not self._tasks:
            self._say_goodbye()
            return
        self._next_round = self._loop.call_later(self._pause(count, began), self._round)

    def _pause(self, count: int, began: float) -> float:
        self._pause_min = PAUSE_SECONDS_MIN if count else min(2 * self._pause_min, QUIET_PAUSE_SECONDS_MAX)
        self._is_unheard = not self._clients
        if count == RECORDS_MAX:
            return 0.0
        if self._is_unheard:
            return UNHEARD_PAUSE_SECONDS
        return min(max(monotonic() - began, self._pause_min), PAUSE_SECONDS_MAX)

    def _end_pause(self) -> None:
        self._next_round.cancel()
        self._round()

    def _follow(self, began: float) -> int:
        """Read and show what is durable; return how many records that were."""
        feeds, visible, count = self._feeds, self._watermark.visible, 0
        # One at a time: the books are looked at as each record leaves them.
        while count < RECORDS_MAX and (read := self._replica.read(visible, 1)):
            feeds.take(read[0])
            count += 1
            if monotonic() - began < LOOK_SECONDS:
                feeds.look()
        feeds.look()
        return count

    def _receive(self) -> None:
        try:
            for message, connection in self._channel.receive():
                if isinstance(message, Finish):
                    self._last_sequence = message.sequence
                elif isinstance(message, HandOver):
                    self._handed += 1
                    if connection is not None:
                        self._take(message, connection)
        except ChannelClosed:
            self._loop.stop()

    def _take(self, handed: HandOver, connection: socket.socket) -> None:
        connection.setblocking(False)
        subscriber = Subscriber(
            self._feeds, handed, lambda web_socket: self._loop.call_soon(web_socket.serve), self._forget
        )
        self._clients[subscriber] = None
        task = self._loop.create_task(self._connect(subscriber, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, subscriber: Subscriber, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: subscriber.web_socket, connection)
        except OSError:
            self._forget(subscriber)
            connection.close()
            return
        if len(self._clients) > self._clients_max:
            subscriber.web_socket.close(TRY_LATER, "too many clients")
        elif subscriber in self._clients:
            if self._is_unheard:
                self._end_pause()
            subscriber.begin(monotonic())

    def _forget(self, subscriber: Subscriber) -> None:
        self._clients.pop(subscriber, None)

    def _tick(self) -> None:
        now = monotonic()
        self._feeds.beat(now)
        for subscriber in list(self._clients):
            subscriber.web_socket.tick(now)
        self._channel.offer(Report(self._replica.sequence, len(self._clients), self._handed, self._is_ready))
        self._loop.call_later(TICK_SECONDS, self._tick)

    def _say_goodbye(self) -> None:
        for subscriber in list(self._clients):
            subscriber.web_socket.close(GOING_AWAY, "the exchange stops")
        self._loop.call_later(GOODBYE_SECONDS if self._clients else 0, self._loop.stop)


def serve_feeds(
    make_replica: Callable[[], Replica], watermark: Watermark, descriptor: int, clients_max: int, *, hides_ids: bool
) -> None:
    """Run as the exchange's child; ``descriptor`` is this side's end of the channel.

    With ``hides_ids`` trades have no ids of orders. Once the exchange is gone the process ends, even while it loads the
    replica.
    """
    watch_exchange(descriptor)
    clients_max = min(clients_max, _allow_files(clients_max + OTHER_FILES) - OTHER_FILES)
    channel = PacketChannel(socket.socket(fileno=descriptor))
    code = FeedService(make_replica(), watermark, channel, clients_max, new_loop(), hides_ids=hides_ids).run()
    # Clients that have not said goodbye in time need nothing more.
    os._exit(code)


def _allow_files(wanted: int) -> int:
    """Raise the limit of open files as far as wanted and allowed; return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed
