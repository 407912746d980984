"""``serve``: it uses its port, stops on SIGTERM, and prints one line if it cannot start."""

from pathlib import Path

from tests.integration.commands.conftest import Run
from tests.integration.service.server_process import command_line, running


def test_server_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    with running(tmp_path / "exchange") as server:
        assert server.wait_ready().status_of("/livez") == 200

        assert server.terminate() == 0


def test_port_that_is_taken_ends_it_with_one_line(tmp_path: Path) -> None:
    with running(tmp_path / "one") as server:
        server.wait_ready()

        finished = command_line(tmp_path / "two", "serve", PORT=str(server.port))

    assert finished.returncode == 2
    assert f"HOST and PORT: found 127.0.0.1 and {server.port}" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


def test_setting_that_cannot_be_used_ends_it_with_two(run: Run) -> None:
    assert run("serve", PORT="http").code == 2
