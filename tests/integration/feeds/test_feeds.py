"""The feeds of a running server, on its own port: what they show, whom they refuse, and how they end."""

import http.client
import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from websockets.frames import Opcode

from tests.integration.feeds.listening import HANDSHAKE, feed_processes, handshake_bytes, listening
from tests.integration.service.server_process import Client, ServerProcess, buy, running, sell
from tests.local_book import LocalBook
from tests.unit.feeds.fakes import frame

BOOK = "/ws/market-data/AAPL?levels=5"
pytestmark = [pytest.mark.slow, pytest.mark.together]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    directory = tmp_path_factory.mktemp("feeds") / "exchange"
    with running(directory, MAX_FEED_CLIENTS="40") as found:
        client = found.wait_ready().client()
        client.place(buy(price="99.00"))
        client.place(sell(price="101.00"))
        yield found


@pytest.fixture
def trader(server: ServerProcess) -> Iterator[Client]:
    with closing(server.client()) as client:
        yield client


def status_of_handshake(server: ServerProcess, path: str) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("GET", path, headers=HANDSHAKE)
        return connection.getresponse().status


def test_book_of_the_feed_is_the_book_of_the_exchange(server: ServerProcess, trader: Client) -> None:
    with listening(server, BOOK) as listener:
        book = LocalBook()
        book.take(listener.next("snapshot"))
        for number in range(50):
            trader.place(buy(price=f"{90 + number % 9}.00", quantity="1"))
        last = trader.place(buy(price="99.50", quantity="1"))["sequence"]

        for message in listener.until(last):
            book.take(message)

        depth = trader.get("/market/AAPL/depth?levels=5")
        assert [list(map(list, side)) for side in book.best()] == [depth["bids"], depth["asks"]]


def test_book_order_by_order_has_the_orders_in_their_queues(server: ServerProcess, trader: Client) -> None:
    first, second, third = (trader.place(buy(symbol="QUEUE", price="9.00"))["order_id"] for _ in range(3))
    with listening(server, "/ws/market-data/QUEUE?orders=5") as listener:
        book = LocalBook(is_by_order=True)
        book.take(listener.next("snapshot"))
        trader.ask("PATCH", f"/orders/{first}", {"quantity": "12"})
        trader.ask("PATCH", f"/orders/{second}", {"quantity": "4"})
        last = trader.place(buy(symbol="QUEUE", price="9.50"))

        for message in listener.until(last["sequence"]):
            book.take(message)

    queue = [(last["order_id"], "9.50", "10"), (second, "9.00", "4"), (third, "9.00", "10"), (first, "9.00", "12")]
    assert book.best() == (queue, [])


def test_trades_come_with_the_book_and_by_themselves(server: ServerProcess, trader: Client) -> None:
    with listening(server, BOOK) as book, listening(server, "/ws/trades/AAPL") as tape:
        book.next("snapshot")
        taken = trader.place(buy(price="101.00", quantity="1"))

        with_book, alone = book.next("trade"), tape.next("trade")

        assert with_book == alone
        assert alone == {"type": "trade"} | taken["trades"][0]


def test_client_that_comes_back_gets_the_trades_since(server: ServerProcess, trader: Client) -> None:
    first = trader.place(buy(price="101.00", quantity="1"))["sequence"]
    second = trader.place(buy(price="101.00", quantity="1"))["sequence"]

    with listening(server, f"/ws/trades/AAPL?since={first}") as tape:
        assert tape.next()["sequence"] == second
    with listening(server, f"/ws/trades/AAPL?since={first - 1}") as tape:
        assert [tape.next()["sequence"], tape.next()["sequence"]] == [first, second]


def test_silence_is_broken_by_heartbeats(server: ServerProcess) -> None:
    with listening(server, BOOK) as listener:
        assert listener.next("heartbeat")["sequence"] >= 2


def test_resync_is_a_new_snapshot(server: ServerProcess) -> None:
    with listening(server, BOOK) as listener:
        first = listener.next("snapshot")
        listener.connection.send('{"type": "resync"}')

        assert listener.next("snapshot") == first


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("/ws/market-data/NONE", {}, 404, "unknown_symbol"),
        ("/ws/market-data/AAPL?levels=3", {}, 400, "invalid_fields"),
        ("/ws/market-data/AAPL?levels=5&orders=5", {}, 400, "invalid_fields"),
        ("/ws/trades/AAPL?since=-1", {}, 400, "invalid_fields"),
        ("/ws/trades/AAPL?since=999999", {}, 400, "invalid_fields"),
        (BOOK, {"Upgrade": ""}, 426, "upgrade_required"),
        (BOOK, {"Connection": "keep-alive"}, 426, "upgrade_required"),
        (BOOK, {"Sec_WebSocket_Version": "8"}, 426, "upgrade_required"),
        (BOOK, {"Sec_WebSocket_Key": "short"}, 400, "malformed_request"),
        (BOOK, {"Origin": "https://elsewhere.example"}, 403, "origin_not_allowed"),
        (BOOK, {"Origin": "null"}, 403, "origin_not_allowed"),
        (BOOK, {"Host": "elsewhere.example"}, 421, "host_not_allowed"),
    ],
)
def test_wrong_handshake_is_refused_before_anything_is_handed_over(
    server: ServerProcess, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        sent = {**HANDSHAKE, **{name.replace("_", "-"): text for name, text in headers.items()}}
        connection.request("GET", path, headers={name: text for name, text in sent.items() if text})
        response = connection.getresponse()

        assert (response.status, json.loads(response.read())["code"]) == (status, code)


def test_page_of_the_exchange_itself_may_follow(server: ServerProcess) -> None:
    with listening(server, BOOK, origin=f"http://127.0.0.1:{server.port}") as listener:
        assert listener.next()["type"] == "snapshot"


def test_frames_sent_with_the_handshake_are_not_lost(server: ServerProcess) -> None:
    with listening(server, BOOK), socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(handshake_bytes(server, BOOK) + frame(b"nonsense"))

        received = b"".join(iter(lambda: client.recv(1 << 16), b""))

    assert received.startswith(b"HTTP/1.1 101 ")
    assert b'expected {"type": "resync"}' in received


@pytest.mark.parametrize(
    ("hostile", "code"),
    [(frame(b"x", masked=False), 1002), (frame(b"x" * 5_000), 1009), (frame(b"x", Opcode.BINARY), 1003)],
    ids=["not masked", "long", "binary"],
)
def test_hostile_client_is_closed_and_others_are_served(
    server: ServerProcess, trader: Client, hostile: bytes, code: int
) -> None:
    with listening(server, BOOK) as good, listening(server, BOOK) as bad:
        bad.connection.socket.sendall(hostile)

        assert bad.close_code() == code
        placed = trader.place(buy(price="80.00", symbol="AAPL"))
        trader.place(buy(price="100.00", quantity="1"))
        assert good.next("update")["sequence"] > placed["sequence"] - 1


def test_no_more_clients_are_taken_than_the_setting_says(server: ServerProcess) -> None:
    with ExitStack() as stack:
        taken = 0

        def take_one() -> bool:
            nonlocal taken
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            client.sendall(handshake_bytes(server, BOOK))
            taken += client.recv(12) == b"HTTP/1.1 101"
            return taken == 40

        server.wait_until(take_one)

        assert {status_of_handshake(server, BOOK) for _ in range(50)} == {503}
    server.wait_until(lambda: status_of_handshake(server, BOOK) == 101)


def test_killed_feeds_cost_trading_nothing_and_clients_miss_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "exchange") as server:
        trader = server.wait_ready().client()
        trader.place(sell(quantity="1000"))
        last = trader.place(buy(quantity="1"))["sequence"]
        traded, seen = [last], []
        with listening(server, "/ws/trades/AAPL?since=0") as tape:
            seen.append(tape.next()["sequence"])
        for _ in range(3):
            before = feed_processes(server)
            for process_id in before:
                os.kill(process_id, signal.SIGKILL)
            traded += [trader.place(buy(quantity="1"))["sequence"] for _ in range(20)]
            server.wait_until(lambda killed=before: not {*killed} & {*feed_processes(server)})
            with listening(server, f"/ws/trades/AAPL?since={seen[-1]}") as tape:
                traded.append(trader.place(buy(quantity="1"))["sequence"])
                seen += tape.sequences_until(traded[-1])
            assert feed_processes(server) != before

        assert seen == traded
        server.wait_until(lambda: trader.get("/health")["feeds"] == "ok")


def test_stop_says_goodbye_and_leaves_no_process(tmp_path: Path) -> None:
    with running(tmp_path / "exchange") as server:
        server.wait_ready().client().place(buy())
        with listening(server, BOOK) as listener:
            listener.next("snapshot")
            server.hang_up()
            assert server.terminate() == 0
            assert listener.close_code() == 1001
        assert server.processes() == {}


def test_feeds_end_with_a_killed_exchange(tmp_path: Path) -> None:
    with running(tmp_path / "exchange") as server:
        server.wait_ready().client().place(buy())
        with listening(server, BOOK):
            (feeds,) = feed_processes(server)
            for process_id in server.processes():
                if process_id != feeds:
                    os.kill(process_id, signal.SIGKILL)
            server.process.wait(10)
            server._wait_gone()


def test_client_that_stops_reading_delays_nobody_and_is_hung_up_on(server: ServerProcess, trader: Client) -> None:
    (feeds,) = feed_processes(server)
    orders = [buy(symbol="DEEP", price=f"{price}.00") for price in range(1, 1_001)]
    assert trader.ask("POST", "/orders/batch", {"orders": orders}).status == 200
    with listening(server, "/ws/market-data/DEEP?levels=1") as quick, socket.socket() as stopped:
        stopped.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        stopped.settimeout(30)
        stopped.connect(("127.0.0.1", server.port))
        stopped.sendall(handshake_bytes(server, "/ws/market-data/DEEP?levels=1000"))
        while b"snapshot" not in stopped.recv(200):
            pass
        connected = open_files(feeds)
        for _ in range(40):
            stopped.sendall(frame(b'{"type": "resync"}'))

        quick.next("snapshot")
        for number in range(1_001, 1_101):
            placed = trader.place(buy(symbol="DEEP", price=f"{number}.00"))
            assert quick.next("update")["sequence"] == placed["sequence"]
        assert trader.get("/health")["status"] == "ok"
        server.wait_until(lambda: open_files(feeds) < connected)


def open_files(process_id: int) -> int:
    return len(os.listdir(f"/proc/{process_id}/fd"))
