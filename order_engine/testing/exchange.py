"""A real exchange for a test: a server of its own, on a free port, in a directory that is thrown away."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from order_engine.client import AsyncClient, Client
from order_engine.testing.server_process import ServerProcess, reserved_port

# A test must not trade in somebody's database, nor need somebody's key.
NOT_INHERITED = ("API_KEY", "ARCHIVE_DIR", "DATABASE_URL", "HOST", "OPEN", "PORT")
LOG_LENGTH_SHOWN = 4_000


class ExchangeDown(Exception):
    """The exchange did not start; the message ends with its log."""


class Exchange(NamedTuple):
    """A running exchange."""

    url: str
    log_file: Path
    api_key: str | None

    @property
    def log(self) -> str:
        """The end of what the server has logged."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")[-LOG_LENGTH_SHOWN:]

    def client(self) -> Client:
        """Return a client; close it, or use it in a ``with`` block."""
        return Client(self.url, api_key=self.api_key)

    def async_client(self) -> AsyncClient:
        """Return a client for asyncio; close it, or use it in an ``async with`` block."""
        return AsyncClient(self.url, api_key=self.api_key)


@contextmanager
def exchange(**settings: str) -> Iterator[Exchange]:
    """Serve an exchange until the end of the block. ``settings`` are those of ``serve``, such as ``AUTO_LIST="false"``.

    If the block raises, the error shows the end of the exchange's log.
    """
    inherited = {name: text for name, text in os.environ.items() if name not in NOT_INHERITED}
    with tempfile.TemporaryDirectory(prefix="order-engine-") as directory, reserved_port() as port:
        environment = {**inherited, **settings, "DATA_DIR": f"{directory}/exchange", "PORT": str(port)}
        running = Exchange(f"http://127.0.0.1:{port}", Path(directory, "server.log"), settings.get("API_KEY"))
        with running.log_file.open("wb") as log, ServerProcess(environment, running.url, output=log) as server:
            if not server.wait_until_ready():
                raise ExchangeDown(f"the exchange did not start:\n{running.log}")
            try:
                yield running
            except BaseException as error:
                error.add_note(f"The exchange's log:\n{running.log}")
                raise
