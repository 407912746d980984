"""A server as a process: started, awaited until it is ready, stopped by SIGTERM."""

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parents[2]
SERVE = (sys.executable, "-m", "order_engine", "serve")
START_SECONDS_MAX = 60
# More than a server takes at most: its followers may have much to write.
STOP_SECONDS_MAX = 45
LOOK_SECONDS = 0.01


class ServerProcess:
    """Runs a command that serves at an address, with all that it says in a file, or else here."""

    def __init__(
        self,
        environment: Mapping[str, str],
        url: str,
        *,
        command: Sequence[str] = SERVE,
        project: Path = PROJECT,
        output: IO[bytes] | None = None,
    ) -> None:
        self._address = urlsplit(url).netloc
        self.process = subprocess.Popen(command, cwd=project, env=dict(environment), stdout=output, stderr=output)

    def wait_until_ready(self, path: str = "/readyz", seconds_max: float = START_SECONDS_MAX) -> bool:
        """Return whether it responds with 200 before it ends, or the time is over."""
        deadline = time.monotonic() + seconds_max
        while (seconds_left := deadline - time.monotonic()) > 0 and self.process.poll() is None:
            if self._status(path, seconds_left) == http.HTTPStatus.OK:
                return True
            time.sleep(LOOK_SECONDS)
        return False

    def stop(self) -> None:
        """Let it stop; kill it if it does not."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _status(self, path: str, seconds_max: float) -> int | None:
        connection = http.client.HTTPConnection(self._address, timeout=seconds_max)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


@contextmanager
def reserved_port() -> Iterator[int]:
    """Keep a port of this machine for a server: it may listen there, and nobody else is given the port meanwhile."""
    with socket.socket() as reservation:
        # With this option on both sockets a server can use a port that is bound and not listened on.
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reservation.bind(("127.0.0.1", 0))
        yield reservation.getsockname()[1]
