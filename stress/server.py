"""Servers under load: processes on a free port, stopped with SIGTERM."""

import os
import random
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from order_engine.testing.server_process import START_SECONDS_MAX, ServerProcess

PROJECT = Path(__file__).resolve().parents[1]
PORTS = range(20_000, 32_000)
# Settings of the caller's shell that would change what is measured.
NOT_INHERITED = ("API_KEY", "DATABASE_URL", "RATE_LIMIT", "WS_PORT")
_PINNED_START = """
import os, sys
os.sched_setaffinity(0, map(int, sys.argv[1].split(",")))
os.execv(sys.argv[2], sys.argv[2:])
"""


class ServerDown(Exception):
    """A server did not start; the message ends with its output."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Where a server listens, and its process."""

    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        """The address that clients use."""
        return f"http://127.0.0.1:{self.port}"


def python_on(processors: Sequence[int], *arguments: str) -> list[str]:
    """Return the command line of this Python, kept to these processors if any are named."""
    command = [sys.executable, *arguments]
    allowed = ",".join(map(str, processors))
    return [sys.executable, "-c", _PINNED_START, allowed, *command] if allowed else command


@contextmanager
def exchange_server(
    *, processors: Sequence[int] = (), environment: Mapping[str, str] | None = None
) -> Iterator[RunningServer]:
    """Serve the exchange from an empty data directory, which is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="exchange-stress-") as directory:
        settings = {"DATA_DIR": f"{directory}/exchange", "HOST": "127.0.0.1", **(environment or {})}
        command = python_on(processors, "-m", "order_engine", "serve")
        with serving(command, settings, ready_path="/readyz", log=Path(directory, "server.log")) as server:
            yield server


@contextmanager
def serving(
    command: Sequence[str],
    settings: Mapping[str, str],
    *,
    ready_path: str,
    log: Path,
    tree: Path = PROJECT,
    start_seconds_max: float = START_SECONDS_MAX,
) -> Iterator[RunningServer]:
    """Run a server that takes its port from PORT or ``{port}``, wait until it is ready, and stop it at the end.

    ``tree`` holds the program, in this version or another. Raises ``ServerDown`` if it is not ready in time.
    """
    port = free_port()
    environment = {name: text for name, text in os.environ.items() if name not in NOT_INHERITED}
    environment |= {**settings, "PORT": str(port)}
    words = [word.replace("{port}", str(port)) for word in command]
    with (
        log.open("ab") as output,
        ServerProcess(environment, f"http://127.0.0.1:{port}", command=words, project=tree, output=output) as server,
    ):
        if not server.wait_until_ready(ready_path, start_seconds_max):
            raise ServerDown(f"not ready on port {port}:\n{log.read_text(errors='replace')[-2000:]}")
        yield RunningServer(port, server.process)


def free_port() -> int:
    """Return a TCP port that nothing listens on, below those that systems give to clients by themselves."""
    for port in random.SystemRandom().sample(PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerDown(f"no free port found in {PORTS}")
