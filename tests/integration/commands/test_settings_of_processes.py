"""A bad setting ends every command with one line that names it, before anything is done."""

from pathlib import Path

import pytest

from tests.integration.commands.conftest import Run
from tests.integration.service.server_process import GUNICORN, running


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "http", "PORT: found 'http', expected 0 to 65535"),
        ("API_KEY", "schlüssel", "API_KEY: found a value that is not shown, expected printable ASCII characters"),
        ("DATABASE_URL", "mysql://u:secret@h/d", "DATABASE_URL: expected sqlite or postgresql, found mysql"),
        ("DATABASE_URL", "sqlite://", "DATABASE_URL: expected the path of a file"),
        ("HOST", "0.0.0.0", "HOST: found 0.0.0.0 without any key"),
        ("HOST", "::", "expected an API_KEY, a key made by keys create, an address of loopback, or OPEN=true"),
        ("HOST", "127.0.0.3.example", "HOST: found 127.0.0.3.example without any key"),
        (
            "HOST",
            "192.0.2.1",
            "HOST and PORT: found 192.0.2.1 and 0, expected an address of this machine and a free port",
        ),
        ("DATA_DIR", "/dev/null/exchange", "DATA_DIR: found '/dev/null/exchange', expected a directory"),
    ],
)
def test_bad_setting_ends_serve_with_one_line(run: Run, name: str, value: str, says: str) -> None:
    finished = run("serve", **{"API_KEY": "" if "key" in says else "a-key", name: value})

    assert finished.code == 2
    assert says in finished.err
    assert len(finished.err.splitlines()) == 1, finished.err
    assert "secret" not in finished.err


@pytest.mark.slow
def test_bad_setting_ends_any_wsgi_server_with_a_sentence(tmp_path: Path) -> None:
    command = (*GUNICORN, "--bind", "127.0.0.1:{port}", "app:app")
    with running(tmp_path / "unused", command, DATABASE_URL="sqlite://") as server:
        assert server.wait_ended() == 4
        assert "DATABASE_URL: expected the path of a file" in server.log
        assert "Traceback" not in server.log
