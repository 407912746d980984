"""Many large requests at once need no more memory than their bytes; malformed ones write little to the log."""

import http.client
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from threading import Event

import pytest

from stress.gauges import MIB, memory_of
from tests.integration.service.server_process import ServerProcess, buy, running

CLIENTS = 8
BODY_BYTES = 8 * MIB - 64
GROWTH_MAX = 256 * MIB
pytestmark = pytest.mark.slow


def batch_of(entry: bytes) -> bytes:
    return b'{"orders": [' + b",".join([entry] * (BODY_BYTES // (len(entry) + 1))) + b"]}"


def post(server: ServerProcess, body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with closing(connection):
        connection.request("POST", "/orders/batch", body, {"Content-Type": "application/json"})
        return connection.getresponse().status


def peak_of(server: ServerProcess, stopped: Event) -> int:
    peak = 0
    while not stopped.wait(0.005):
        peak = max(peak, memory_of(server.process.pid))
    return peak


@pytest.mark.parametrize("entry", [b"{}", b"1.1", b"[]", b'""', b'{"a":{}}'], ids=str)
def test_eight_batches_of_8_mib_at_once_take_little_memory(tmp_path: Path, entry: bytes) -> None:
    """They took 2 GB: every value was built before the first was counted."""
    with running(tmp_path / "exchange") as server:
        server.wait_ready()
        before, stopped = memory_of(server.process.pid), Event()
        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            peak = pool.submit(peak_of, server, stopped)
            for _ in range(3):
                assert set(pool.map(lambda _: post(server, batch_of(entry)), range(CLIENTS))) == {400}
            stopped.set()

        print(f"{entry!r}: {(peak.result() - before) // MIB} MiB more")  # noqa: T201 -- the figure for the report
        assert peak.result() < before + GROWTH_MAX
        assert server.client().place(buy())["status"] == "OPEN"


def test_exchange_shares_the_program_with_the_process_that_forked_it(tmp_path: Path) -> None:
    with running(tmp_path / "exchange") as server:
        server.wait_ready()
        rollup = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text(encoding="ascii")

    sizes = {line.split()[0]: int(line.split()[1]) for line in rollup.splitlines()[1:]}
    # Half as much was shared as copied, before it was frozen.
    assert sizes["Shared_Dirty:"] > 2 * sizes["Private_Dirty:"]


def test_malformed_heads_fill_no_log_and_show_no_key(tmp_path: Path) -> None:
    attack = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-API-Key: the-secret-key\r\n : the-secret-key\r\n\r\n"
    with running(tmp_path / "exchange") as server:
        server.wait_ready()
        before = len(server.log)
        for _ in range(500):
            with closing(socket.create_connection(("127.0.0.1", server.port), timeout=10)) as connection:
                connection.sendall(attack)
                with suppress(ConnectionError):
                    assert connection.recv(1 << 16).startswith(b"HTTP/1.1 400 ")
        server.wait_until(lambda: "more requests within a second" in server.log)

        assert len(server.log) - before < 2_000
        assert "the-secret-key" not in server.log
