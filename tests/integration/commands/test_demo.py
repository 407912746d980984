"""``demo`` as a new user runs it: a market with a past that moves, and nothing left of it afterwards."""

import signal
from pathlib import Path

from tests.integration.commands.conftest import Run
from tests.integration.service.server_process import SERVE, command_line, running

DEMO = (*SERVE[:-1], "demo", "--speed", "20")
# On a busy machine the followers write the past until the server's grace is over.
STOP_SECONDS_MAX = 60


def test_demo_has_a_past_moves_and_leaves_nothing(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with running(tmp_path / "unused", DEMO, TMPDIR=str(scratch)) as server:
        server.wait_ready()
        client = server.client()
        markets = client.get("/market")["markets"]
        assert [market["symbol"] for market in markets] == ["ACME", "BOND-2040", "BTC-USD", "RAIN"]
        assert len(client.get("/market/ACME/candles?interval=1m&limit=60")["candles"]) > 30
        before = markets[0]["trade_count"]
        server.wait_until(lambda: client.get("/market/ACME")["trade_count"] > before + 3)

        server.process.send_signal(signal.SIGINT)

        assert server.process.wait(STOP_SECONDS_MAX) == 0
    assert list(scratch.iterdir()) == []
    assert not (tmp_path / "unused").exists()


def test_demo_says_in_one_line_that_its_port_is_taken(tmp_path: Path) -> None:
    with running(tmp_path / "one") as server:
        server.wait_ready()

        finished = command_line(tmp_path / "two", "demo", PORT=str(server.port))

    assert finished.returncode == 2
    assert finished.stderr.count("\n") == 1
    assert "HOST and PORT" in finished.stderr


def test_demo_refuses_to_trade_where_others_do(tmp_path: Path) -> None:
    with running(tmp_path / "one") as server:
        client = server.wait_ready().client()
        client.place({"symbol": "AAPL", "side": "BUY", "quantity": "1", "price": "1"})

        finished = command_line(tmp_path / "two", "demo", "--url", f"http://127.0.0.1:{server.port}")

    assert finished.returncode == 2
    assert "others use" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_options_that_cannot_be_used_end_it_with_two(run: Run) -> None:
    assert run("demo", "--symbols", "ACME,$").code == 2
    assert run("demo", "--speed", "0").code == 2
    assert run("demo", "--replay", "no-such-file").code == 2
