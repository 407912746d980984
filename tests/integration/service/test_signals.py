"""Signals: some stop the server in good order, the others do nothing; none leaves a traceback."""

import resource
import signal
import subprocess
from pathlib import Path

import pytest

from tests.integration.service.server_process import SERVE, buy, command_line, running

pytestmark = pytest.mark.slow
IGNORED = (signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1, signal.SIGUSR2)


def test_signals_that_would_change_gunicorns_workers_do_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "exchange") as server:
        client = server.wait_ready().client()
        client.place(buy())
        before = server.processes()

        for number in IGNORED:
            for process_id in before:
                server.signal(process_id, number)
        client.place(buy())
        for _ in range(3):
            server.status_of("/readyz")

        assert server.processes() == before
        assert server.terminate() == 0
        assert "Traceback" not in server.log


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
@pytest.mark.parametrize("whom", ["the server", "everybody"])
def test_signal_that_ends_it_ends_it_in_good_order(tmp_path: Path, number: signal.Signals, whom: str) -> None:
    directory = tmp_path / "exchange"
    with running(directory) as server:
        client = server.wait_ready().client()
        client.place(buy())
        server.wait_until(lambda: client.get("/health")["status"] == "ok")

        for process_id in server.processes() if whom == "everybody" else [server.process.pid]:
            server.signal(process_id, number)

        assert server.wait_ended() == 0, server.log
        assert "Traceback" not in server.log
    assert command_line(directory, "verify").returncode == 0
    with running(directory) as server:
        server.wait_ready()
        server.wait_until(lambda: "opens at sequence 2, recovered from the snapshot at 2" in server.log)


def test_too_few_open_files_end_the_start_with_one_line(tmp_path: Path) -> None:
    finished = subprocess.run(
        SERVE,
        env={"DATA_DIR": str(tmp_path / "exchange"), "PORT": "0"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert finished.returncode == 2
    assert len(finished.stderr.splitlines()) == 1, finished.stderr
    assert "ulimit -n: found 64, expected at least " in finished.stderr


def test_listens_on_ipv6_loopback(tmp_path: Path) -> None:
    with running(tmp_path / "exchange", HOST="::1") as server:
        server.wait_until(lambda: server.status_of("/readyz", host="::1") == 200)
        assert server.status_of("/orders", host="::1") == 200
        assert server.terminate() == 0
        assert "Traceback" not in server.log
