"""``serve``: it uses its port, stops on SIGTERM, and prints one line if it cannot start."""

import subprocess
import sys
from pathlib import Path

import pytest

from order_engine.settings import VARIABLES
from tests.integration.commands.conftest import Run
from tests.integration.service.server_process import SERVE, buy, command_line, running, sell

ROOT = Path(__file__).resolve().parents[3]


def test_server_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    with running(tmp_path / "exchange") as server:
        assert server.wait_ready().status_of("/livez") == 200

        assert server.terminate() == 0


def test_options_stand_for_variables_and_the_log_says_where_it_is_ready(tmp_path: Path) -> None:
    words = (*SERVE, "--port", "{port}", "--data-dir", str(tmp_path / "elsewhere"))
    with running(tmp_path / "exchange", words) as server:
        client = server.wait_ready().client()
        client.place(buy())
        client.place(sell())
        server.wait_until(lambda: len(client.get("/trades?symbol=AAPL")["trades"]) == 1)
        server.wait_until(lambda: f"Ready: http://127.0.0.1:{server.port}; API at /docs" in server.log)

        assert server.terminate() == 0
    assert (tmp_path / "elsewhere" / "exchange.db").exists()
    assert not (tmp_path / "exchange").exists()


@pytest.mark.parametrize("program", [("-m", "order_engine", "serve"), ("app.py",)], ids=" ".join)
def test_help_names_options_and_every_variable_with_its_default_and_what_it_may_be(program: tuple[str, ...]) -> None:
    finished = subprocess.run(
        [sys.executable, *program, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert "--data-dir DIRECTORY" in finished.stdout
    for variable in VARIABLES:
        assert f"    {variable.name} " in finished.stdout
        assert f"({variable.expected})" in finished.stdout
        assert variable.default == "" or f"Default: {variable.default}." in finished.stdout


def test_port_that_is_taken_ends_it_with_one_line(tmp_path: Path) -> None:
    with running(tmp_path / "one") as server:
        server.wait_ready()

        finished = command_line(tmp_path / "two", "serve", PORT=str(server.port))

    assert finished.returncode == 2
    assert f"HOST and PORT: found 127.0.0.1 and {server.port}" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


def test_setting_that_cannot_be_used_ends_it_with_two(run: Run) -> None:
    assert run("serve", PORT="http").code == 2
