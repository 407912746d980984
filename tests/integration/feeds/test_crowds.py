"""Thousands of clients at once, and hundreds that never read: everybody is served, and memory has a bound."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from stress.gauges import resident_of
from tests.integration.feeds.listening import feed_processes, handshake_bytes, listening
from tests.integration.service.server_process import ServerProcess, buy, running

CLIENTS = 2_000
SLOW_CLIENTS = 200
AT_ONCE = 200
SMALL_BUFFER = 4_096
MIB = 1 << 20
# For each client: a WebSocket with its buffers, which the library and the loop make.
BYTES_OF_A_CLIENT_MAX = 40_000
# What is kept unsent: 64 KiB, and the last round's messages, a snapshot of 1,000 levels at most.
BYTES_OF_A_SLOW_CLIENT_MAX = 200_000

pytestmark = [pytest.mark.slow, pytest.mark.together]


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running(tmp_path_factory.mktemp("crowds") / "exchange") as found:
        found.wait_ready().client().place(buy(price="1.00"))
        with listening(found, "/ws/market-data/AAPL"):
            yield found


@contextmanager
def crowd(server: ServerProcess, path: str, count: int, buffer: int = 0) -> Iterator[list[socket.socket]]:
    """Connect many clients, some at once; those that are refused because too many are on their way try again."""
    clients: list[socket.socket] = []
    with many_files(count), ExitStack() as stack:
        while len(clients) < count:
            group = [connected(server, path, buffer) for _ in range(min(AT_ONCE, count - len(clients)))]
            for client in map(stack.enter_context, group):
                status = client.recv(12, socket.MSG_WAITALL)
                assert status in (b"HTTP/1.1 101", b"HTTP/1.1 503")
                if status.endswith(b"101"):
                    clients.append(client)
        yield clients


def connected(server: ServerProcess, path: str, buffer: int) -> socket.socket:
    client = socket.socket()
    if buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    client.settimeout(60)
    client.connect(("127.0.0.1", server.port))
    client.sendall(handshake_bytes(server, path))
    return client


@contextmanager
def many_files(count: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count + 200)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def read_until(client: socket.socket, words: bytes) -> None:
    received = b""
    while words not in received:
        more = client.recv(1 << 16)
        assert more, received
        received = received[-len(words) :] + more


def test_two_thousand_clients_all_get_every_update(server: ServerProcess) -> None:
    (feeds,) = feed_processes(server)
    trader = server.client()
    before = resident_of(feeds)
    with crowd(server, "/ws/market-data/AAPL", CLIENTS) as clients:
        for client in clients:
            read_until(client, b'"type":"snapshot"')
        for price in ("2.00", "3.00"):
            sequence = trader.place(buy(price=price))["sequence"]
            for client in clients:
                read_until(client, b'"type":"update","symbol":"AAPL","sequence":%d,' % sequence)
        grown = resident_of(feeds) - before

    assert grown < CLIENTS * BYTES_OF_A_CLIENT_MAX


def test_clients_that_never_read_cost_a_bounded_memory_and_others_get_everything(server: ServerProcess) -> None:
    (feeds,) = feed_processes(server)
    trader = server.client()
    orders = [buy(symbol="DEEP", price=f"{price}.00") for price in range(1, 1_001)]
    assert trader.ask("POST", "/orders/batch", {"orders": orders}).status == 200
    with crowd(server, "/ws/market-data/DEEP?levels=1000", SLOW_CLIENTS, SMALL_BUFFER):
        before = resident_of(feeds)
        with listening(server, "/ws/market-data/DEEP?levels=1") as quick:
            quick.next("snapshot")
            for number in range(1_001, 1_301):
                sequence = trader.place(buy(symbol="DEEP", price=f"{number}.00"))["sequence"]
                assert quick.next("update")["sequence"] == sequence
        grown = resident_of(feeds) - before

    assert grown < SLOW_CLIENTS * BYTES_OF_A_SLOW_CLIENT_MAX
