"""An exchange of the demo's own: a server process on a directory that is thrown away."""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

import click

from order_engine.demo.connections import HttpConnection
from order_engine.testing.server_process import ServerProcess

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
    with ServerProcess(environment, url) as server:
        if not server.wait_until_ready():
            raise ServerEnded("the demo's exchange did not open")
        with closing(HttpConnection(url)) as connection:
            yield connection
