"""Clients that are slow on purpose do not delay the others, and are cut off in time."""

import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import NamedTuple

import pytest

from order_engine.exchange.ended_orders import KEPT_MAX
from order_engine.server.waiting_clients import HELD_BYTES_MAX
from stress.gauges import MIB, family_of, files_of, memory_of, resident_of, threads_of
from tests.integration.service.server_process import SERVE, ServerProcess, buy, running

# Of each kind, all kinds at once.
SLOW = 100
BATCH = 1_000
TIMEOUT_SECONDS = 3
# What a response may take beside them: this, or ten times what it takes without them on a busy machine.
PATIENCE_SECONDS = 1.0
# The child that writes a snapshot would count as files and threads that the slow clients took.
LIMITS = {"CLIENT_TIMEOUT_SEC": str(TIMEOUT_SECONDS), "SNAPSHOT_INTERVAL_SEC": "0"}

POST = b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


class Slowness(NamedTuple):
    """What a client sends at once, what it sends byte by byte, and whether it reads its response."""

    begins: bytes
    drop: bytes
    last_words: bytes


KINDS = {
    "says nothing": Slowness(b"", b"", b""),
    "dribbles the head": Slowness(b"GET /livez HTTP/1.1\r\nX: ", b"x", b"HTTP/1.1 408 "),
    "stops in the head": Slowness(b"GET /livez HTTP/1.1\r\n", b"", b"HTTP/1.1 408 "),
    "dribbles the body": Slowness(POST + b"Content-Length: 100000\r\n\r\n{", b" ", b"HTTP/1.1 408 "),
    "stops in the body": Slowness(POST + b"Content-Length: 1000\r\n\r\n{", b"", b"HTTP/1.1 408 "),
    "dribbles chunks": Slowness(POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", b"HTTP/1.1 408 "),
    "does not hang up": Slowness(
        b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"", b"HTTP/1.1 200 "
    ),
    "takes no answer": Slowness(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100, b"", b"HTTP/1.1 200 "),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running(tmp_path_factory.mktemp("slow") / "exchange", **LIMITS) as server:
        yield server.wait_ready()


def slow_connection(stack: ExitStack, server: ServerProcess, begins: bytes) -> socket.socket:
    connection = stack.enter_context(closing(socket.socket()))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(TIMEOUT_SECONDS * 4)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(begins)
    return connection


@contextmanager
def dribbling(drops: list[tuple[socket.socket, bytes]]) -> Iterator[None]:
    """Send each connection its drop again and again, until it is closed or the block ends."""
    ended = Event()

    def dribble() -> None:
        while not ended.wait(0.1):
            for connection, drop in drops:
                with suppress(OSError):
                    connection.send(drop)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(dribble)
        try:
            yield
        finally:
            ended.set()
            done.result()


def settle(server: ServerProcess) -> None:
    """Return once followers have begun, and the exchange keeps as many ended orders as it ever does."""
    client = server.client()
    for _ in range(2 * KEPT_MAX // BATCH):
        answered = client.ask("POST", "/orders/batch", {"orders": [buy(price="1.00", time_in_force="IOC")] * BATCH})
        assert answered.status == 200, answered
    server.wait_until(lambda: client.get("/health")["status"] == "ok")
    server.hang_up()


def memory_of_exchange(server: ServerProcess) -> int:
    """Return the memory of the process that holds the connections; the followers know nothing of slow clients."""
    return sum(resident_of(member) for member in set(family_of(server.process.pid)) - set(server.followers()))


def seconds_of_honest_orders(server: ServerProcess, until: float) -> list[float]:
    """Place orders until then, every other one on a new connection; each must be accepted."""
    seconds = []
    kept = server.client()
    while (begun := time.monotonic()) < until:
        client = kept if len(seconds) % 2 else server.client()
        client.place(buy(price="1.00", time_in_force="IOC"))
        seconds.append(time.monotonic() - begun)
        if client is not kept:
            client.close()
    return seconds


def last_words_of(connection: socket.socket) -> bytes:
    """Read until the server closes; return the first line."""
    words = b""
    with suppress(ConnectionResetError):
        while received := connection.recv(1 << 16):
            words = words or received
    return words


@pytest.mark.alone
@pytest.mark.slow
def test_slow_clients_hold_up_nobody_and_are_cut_off(server: ServerProcess, subtests: pytest.Subtests) -> None:
    settle(server)
    files, threads = files_of(server.process.pid), threads_of(server.process.pid)
    memory = memory_of_exchange(server)
    patience = max(PATIENCE_SECONDS, 10 * slow_order_of(seconds_of_honest_orders(server, time.monotonic() + 1)))

    assert endure_slow_clients(server, subtests) < patience
    memory_after_first = memory_of_exchange(server)
    assert endure_slow_clients(server, subtests) < patience

    assert files_of(server.process.pid) <= files
    assert threads_of(server.process.pid) <= threads
    # What was held for slow clients is used again, for them or for others.
    assert memory_after_first < memory + HELD_BYTES_MAX
    assert memory_of_exchange(server) < memory_after_first + 8 * MIB


def slow_order_of(seconds: list[float]) -> float:
    """Return what all but one in a hundred orders stayed within."""
    assert len(seconds) > 20
    return sorted(seconds)[len(seconds) * 99 // 100]


def endure_slow_clients(server: ServerProcess, subtests: pytest.Subtests) -> float:
    """Connect slow clients of all kinds beside honest ones; when all are cut off, return what an honest order took."""
    files = files_of(server.process.pid)
    begun = time.monotonic()
    with ExitStack() as stack:
        slow = {
            name: [slow_connection(stack, server, kind.begins) for _ in range(SLOW)] for name, kind in KINDS.items()
        }
        with dribbling([(connection, kind.drop) for name, kind in KINDS.items() for connection in slow[name]]):
            seconds = seconds_of_honest_orders(server, begun + TIMEOUT_SECONDS + 1)
            # The answer that nobody took is there still, as far as the system kept it. Each is cut off in time.
            said = {
                name: Counter(last_words_of(connection)[: len(kind.last_words)] for connection in slow[name])
                for name, kind in KINDS.items()
            }
    for name, kind in KINDS.items():
        with subtests.test(name):
            assert set(said[name]) <= {kind.last_words, b""}
            assert said[name][kind.last_words] >= SLOW * 9 // 10
    server.hang_up()
    server.wait_until(lambda: files_of(server.process.pid) <= files)
    return slow_order_of(seconds)


def test_longest_waiting_makes_room_for_a_newcomer(tmp_path: Path) -> None:
    with running(tmp_path / "exchange", MAX_CONNECTIONS="10") as server, ExitStack() as stack:
        server.wait_ready()
        silent = [slow_connection(stack, server, b"") for _ in range(40)]

        server.client().place(buy())

        assert silent[0].recv(1) == b""


def test_more_connections_than_files_wait_while_the_server_stops_in_good_order(tmp_path: Path) -> None:
    few_files = ("bash", "-c", f"ulimit -n 300 && exec {' '.join(SERVE)}")
    with running(tmp_path / "exchange", few_files) as server, ExitStack() as stack:
        server.wait_ready().client().place(buy())
        os.killpg(server.process.pid, signal.SIGSTOP)
        for _ in range(400):
            slow_connection(stack, server, b"")
        for number in (signal.SIGTERM, signal.SIGCONT):
            os.killpg(server.process.pid, number)

        assert server.wait_ended() == 0
        assert "Traceback" not in server.log


def test_bodies_that_never_end_take_a_bounded_memory(tmp_path: Path) -> None:
    head = POST + b"Content-Length: 8000000\r\n\r\n"
    with running(tmp_path / "exchange") as server, ExitStack() as stack:
        settle(server.wait_ready())
        client, idle = server.client(), server.client()
        client.place(buy())
        idle.place(buy())
        memory = memory_of(server.process.pid)

        for _ in range(40):
            with suppress(ConnectionError):
                slow_connection(stack, server, head).sendall(b" " * 7_999_999)
            client.place(buy())

        # Closing it would free nothing.
        idle.place(buy())
        assert memory_of(server.process.pid) < memory + 120 * MIB


def test_client_that_asks_for_leave_to_send_its_body_is_given_it(server: ServerProcess) -> None:
    with ExitStack() as stack:
        connection = slow_connection(stack, server, POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")

        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(13) == b"HTTP/1.1 400 "


def test_requests_sent_without_waiting_are_answered_in_order(server: ServerProcess) -> None:
    requests = b"".join(
        b"GET /orders/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % number for number in range(900_000, 900_020)
    )
    with ExitStack() as stack:
        connection = slow_connection(
            stack, server, requests + b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )

        answers = b"".join(iter(lambda: connection.recv(1 << 16), b""))

    assert answers.count(b"HTTP/1.1 404 ") == 20
    assert answers.count(b"HTTP/1.1 200 ") == 1
