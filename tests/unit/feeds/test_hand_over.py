"""The socket between the exchange and its feeds: connections change hands, and nobody waits."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from order_engine.feeds.hand_over import BOOK, ChannelClosed, Finish, HandOver, PacketChannel, Subscription

HANDED = HandOver(Subscription(BOOK, "AAPL", 10), b"greeting", b"rest")


@pytest.fixture
def ends() -> Iterator[tuple[PacketChannel, PacketChannel]]:
    first, second = PacketChannel.pair()
    with first, second:
        yield PacketChannel(first), PacketChannel(second)


def test_connection_changes_hands(ends: tuple[PacketChannel, PacketChannel]) -> None:
    exchange, feeds = ends
    ours, clients = socket.socketpair()

    assert exchange.offer(HANDED, ours.fileno())
    ours.close()
    ((message, connection),) = feeds.receive()

    assert message == HANDED
    assert connection is not None
    with closing(connection), closing(clients):
        connection.sendall(b"hello")
        assert clients.recv(10) == b"hello"


def test_full_socket_refuses_at_once(ends: tuple[PacketChannel, PacketChannel]) -> None:
    exchange, feeds = ends
    ours, clients = socket.socketpair()
    with closing(ours), closing(clients):
        taken = 0
        while exchange.offer(HANDED, ours.fileno()):
            taken += 1
            assert taken < 100_000

        received = list(feeds.receive())

    assert taken == len(received) > 0
    for _, connection in received:
        assert connection is not None
        connection.close()
    assert exchange.offer(Finish(7))


def test_gone_feeds_refuse_and_gone_exchange_is_noticed(ends: tuple[PacketChannel, PacketChannel]) -> None:
    exchange, feeds = ends

    feeds.close()
    assert not exchange.offer(Finish(7))
    with pytest.raises(ChannelClosed):
        list(exchange.receive())
