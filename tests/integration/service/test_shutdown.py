"""SIGTERM under load: every request gets its response, no acknowledged order is lost, the next start has no replay."""

import http.client
import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock

import pytest

from order_engine.exchange.recovery import Recovery
from order_engine.journal.disk import LocalDisk
from tests.integration.service.server_process import ServerProcess, buy, command_line, running, sell

CLIENTS = 48
pytestmark = pytest.mark.slow


@dataclass
class Load:
    """Clients that post orders until the server is gone; three of four use a new connection for each."""

    server: ServerProcess
    enough: int
    answered: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    stopping: Event = field(default_factory=Event)
    warm: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def run(self, number: int) -> None:
        client = self.server.client()
        for attempt in range(100_000):
            order = (buy if number % 2 else sell)(user_id=f"user{number}", quantity="1")
            sent_in_time = False
            try:
                client.send("POST", "/orders", order)
                sent_in_time = not self.stopping.is_set()
                answered = client.receive()
            except (OSError, http.client.HTTPException) as error:
                if sent_in_time:
                    self.unanswered.append(f"{number}-{attempt}: {error!r}")
                return
            if number % 4:
                client.close()
            assert answered.status == 201, answered
            with self.lock:
                self.answered.append(answered.content["order_id"])
            if len(self.answered) >= self.enough:
                self.warm.set()


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[tuple[Path, Load, ServerProcess]]:
    """A server that was asked to stop while 48 clients posted to it."""
    directory = tmp_path / "exchange"
    with running(directory) as server, ThreadPoolExecutor(CLIENTS) as pool:
        load = Load(server.wait_ready(), enough=300)
        clients = [pool.submit(load.run, number) for number in range(CLIENTS)]
        assert load.warm.wait(30)
        load.stopping.set()
        server.terminate()
        for client in clients:
            client.result()
        yield directory, load, server


def test_sigterm_under_load_answers_flushes_snapshots_and_exits_cleanly(
    stopped: tuple[Path, Load, ServerProcess],
) -> None:
    directory, load, server = stopped

    assert server.process.returncode == 0, server.log[-2000:]
    assert load.unanswered == []
    recovered = Recovery(directory, LocalDisk()).latest()
    assert recovered.snapshot_sequence == recovered.end.last_sequence >= len(load.answered)
    assert recovered.end.torn is None
    verified = command_line(directory, "verify")
    assert verified.returncode == 0, verified.stdout
    assert re.search(rf"database checkpoint {recovered.end.last_sequence}, orders", verified.stdout)
    with running(directory) as again:
        client = again.wait_ready().client()
        assert f"recovered from the snapshot at {recovered.end.last_sequence}\n" in again.log
        for order_id in load.answered[:: len(load.answered) // 20]:
            assert client.get(f"/orders/{order_id}")["order_id"] == order_id


def test_request_that_waits_to_be_accepted_at_sigterm_is_answered(tmp_path: Path) -> None:
    with running(tmp_path / "exchange") as server:
        found = re.search(r"Booting worker with pid: (\d+)", server.wait_ready().log)
        assert found is not None
        worker = int(found[1])
        os.kill(worker, signal.SIGSTOP)
        clients = [server.client() for _ in range(8)]
        for client in clients:
            client.send("POST", "/orders", buy())
        server.process.terminate()
        server.wait_until(lambda: "Handling signal: term" in server.log)
        os.kill(worker, signal.SIGCONT)

        assert [client.receive().status for client in clients] == [201] * 8
        assert server.wait_ended() == 0
