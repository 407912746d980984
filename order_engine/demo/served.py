"""An exchange of the demo's own: a server process on a directory that is thrown away."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click

from order_engine.demo.connections import HttpConnection

START_SECONDS_MAX = 60
# More than the server takes at most: its followers may have much to write.
STOP_SECONDS_MAX = 45
LOOK_SECONDS = 0.05
# The demo must not trade in somebody's database, nor need somebody's key.
NOT_INHERITED = ("API_KEY", "DATABASE_URL", "ARCHIVE_DIR")


class ServerEnded(click.ClickException):
    """The server ended, or did not open in time; it has said why."""


def demo_environment(directory: str) -> dict[str, str]:
    """Return the environment of an exchange in this directory."""
    kept = {name: text for name, text in os.environ.items() if name not in NOT_INHERITED}
    return {"LOG_LEVEL": "WARNING", **kept, "DATA_DIR": directory}


@contextmanager
def served(environment: Mapping[str, str], url: str) -> Iterator[HttpConnection]:
    """Serve an exchange until the end of the block."""
    process = subprocess.Popen([sys.executable, "-m", "order_engine", "serve"], env=dict(environment))
    connection = HttpConnection(url)
    try:
        _wait_until_ready(process, connection)
        yield connection
    finally:
        connection.close()
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: "subprocess.Popen[bytes]", connection: HttpConnection) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if connection.send("GET", "/readyz").is_done:
                return
        except OSError:
            connection.close()
        time.sleep(LOOK_SECONDS)
    raise ServerEnded("the demo's exchange did not open")
