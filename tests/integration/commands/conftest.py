"""Journals that a real server wrote, and the command line run on them inside the test's process."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from order_engine.__main__ import main
from tests.integration.service.server_process import NOT_INHERITED, buy, running, sell

# The listing, 20 sales and 10 purchases.
LAST_SEQUENCE = 31


class Finished(NamedTuple):
    """A command's exit code and output."""

    code: int
    out: str
    err: str


Run = Callable[..., Finished]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a server that traded and was stopped."""
    directory = tmp_path_factory.mktemp("served") / "exchange"
    with running(directory, SNAPSHOT_INTERVAL_SEC="0") as server:
        client = server.wait_ready().client()
        for _ in range(10):
            client.place(sell(quantity="3"))
            client.place(sell(quantity="3"))
            client.place(buy(quantity="5"))
        assert server.terminate() == 0
    return directory


@pytest.fixture
def directory(served: Path, tmp_path: Path) -> Path:
    """A copy of that data."""
    return shutil.copytree(served, tmp_path / "copy")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process; without DATA_DIR the data directory does not exist."""

    def run_command(*arguments: str, **settings: str) -> Finished:
        for name in NOT_INHERITED:
            monkeypatch.delenv(name, raising=False)
        for name, text in {"DATA_DIR": str(tmp_path / "nowhere"), "PORT": "0", **settings}.items():
            monkeypatch.setenv(name, text)
        code = main(arguments)
        return Finished(code, *capsys.readouterr())

    return run_command
