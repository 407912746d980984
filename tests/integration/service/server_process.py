"""A server as an operator runs it: a process on a free port, reached over HTTP and stopped by signals.

SERVED_TREE names the directory of another version, to see how that one does in the tests of this one.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any, NamedTuple

from tests.postgres_cluster import free_port

ROOT = Path(__file__).resolve().parents[3]
SERVED_TREE = Path(os.environ.get("SERVED_TREE", ROOT))
PATIENCE_SECONDS = 30.0
PYTHON = (sys.executable,)
FOLLOW = "order_engine follow "
SERVE = (sys.executable, "-m", "order_engine", "serve")
GUNICORN = (sys.executable, "-m", "gunicorn", "--no-control-socket")
NOT_INHERITED = ("API_KEY", "DATABASE_URL", "RATE_LIMIT", "WS_PORT", "SNAPSHOT_INTERVAL_SEC", "JOURNAL_SYNC")

Json = dict[str, Any]  # Any: JSON


class Answered(NamedTuple):
    """A response, whole."""

    status: int
    headers: Mapping[str, str]
    content: Json


class Client:
    """A persistent connection that sees its own writes: reads send the last sequence."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.last_sequence: str | None = None
        self.connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_SECONDS)

    def ask(
        self, method: str, path: str, body: Json | None = None, headers: Mapping[str, str] | None = None
    ) -> Answered:
        """Send a request and read its response; raises ``OSError`` or ``HTTPException`` if there is none."""
        self.send(method, path, body, headers)
        return self.receive()

    def send(self, method: str, path: str, body: Json | None = None, headers: Mapping[str, str] | None = None) -> None:
        """Send a whole request."""
        payload = None if body is None else json.dumps(body)
        sent = {"Content-Type": "application/json"} if payload else {"X-Requested-With": "tests"}
        if method == "GET" and self.last_sequence is not None:
            sent["X-Min-Sequence"] = self.last_sequence
        self.connection.request(method, path, payload, {**sent, **(headers or {})})

    def receive(self) -> Answered:
        """Read the response."""
        response = self.connection.getresponse()
        text = response.read()
        self.last_sequence = response.headers.get("X-Sequence", self.last_sequence)
        return Answered(response.status, dict(response.headers), json.loads(text))

    def get(self, path: str) -> Json:
        """Read a resource that must exist."""
        answered = self.ask("GET", path)
        assert answered.status == 200, answered
        return answered.content

    def place(self, order: Json, **headers: str) -> Json:
        """Place an order that must be accepted."""
        answered = self.ask("POST", "/orders", order, headers)
        assert answered.status == 201, answered
        return answered.content

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


class ServerProcess:
    """The process, its output, and its address. It leads a process group, so that a kill takes its workers."""

    def __init__(
        self, data_directory: Path, command: Sequence[str] = SERVE, work_directory: Path = SERVED_TREE, **settings: str
    ) -> None:
        self.data_directory = data_directory
        self.port = int(settings.get("PORT") or free_port())
        self._clients: list[Client] = []
        self.log_path = data_directory.parent / f"server-{self.port}.log"
        inherited = {name: text for name, text in os.environ.items() if name not in NOT_INHERITED}
        own = {"DATA_DIR": str(data_directory), "PORT": str(self.port), **settings}
        words = [word.replace("{port}", str(self.port)) for word in command]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                words, cwd=work_directory, env=inherited | own, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def log(self) -> str:
        """Its output so far."""
        return self.log_path.read_text(errors="replace")

    def client(self) -> Client:
        """Open a connection; it is closed with the server at the latest."""
        client = Client(self.port)
        self._clients.append(client)
        return client

    def hang_up(self) -> None:
        """Close every connection."""
        for client in self._clients:
            client.close()

    def wait_until(self, reached: Callable[[], bool]) -> None:
        """Try again and again, a bounded time, while the process lives."""
        pause, deadline = Event(), monotonic() + PATIENCE_SECONDS
        while not reached():
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.log[-3000:]}"
            assert monotonic() < deadline, f"not reached in time:\n{self.log[-3000:]}"
            pause.wait(0.02)

    def wait_ready(self) -> "ServerProcess":
        """Return once it accepts orders."""
        self.wait_until(lambda: self.status_of("/readyz") == 200)
        return self

    def wait_followed(self) -> "ServerProcess":
        """Return once database and audit log have everything that was taken; they may take long, but must get on."""
        client = self.client()
        while lag := _lag_of(client):
            self.wait_until(lambda lag=lag: _lag_of(client) < lag)  # type: ignore[misc]  # binds the lag
        self.wait_until(lambda: client.ask("GET", "/orders").status == 200)
        return self

    def status_of(self, path: str, host: str = "127.0.0.1") -> int | None:
        """Send a request on a new connection; return None if nothing listens yet."""
        client = Client(self.port, host)
        try:
            return client.ask("GET", path).status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            client.close()

    def wait_ended(self) -> int:
        """Return the exit code once it has ended."""
        return self.process.wait(PATIENCE_SECONDS)

    def signal(self, process_id: int, number: int) -> None:
        """Send a signal to one of its processes, if it still lives."""
        with suppress(ProcessLookupError):
            os.kill(process_id, number)

    def terminate(self) -> int:
        """Stop it as a supervisor does, and return its exit code."""
        self.process.terminate()
        return self.wait_ended()

    def processes(self) -> dict[int, str]:
        """List the processes of its group, their command lines by their ids."""
        listed = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
        return {process_id: told for process_id in listed if (told := _command_line_of(process_id, self.process.pid))}

    def followers(self) -> list[int]:
        """Return the ids of the processes that follow the journal; a snapshot's is one of them while it is taken."""
        return [process_id for process_id, command in self.processes().items() if FOLLOW in command]

    def follower(self) -> int:
        """Return the id of the process that follows, once there is one."""
        self.wait_until(lambda: bool(self.followers()))
        return min(self.followers())

    def kill(self) -> None:
        """Kill it, its workers and its followers at once, as when the machine fails."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self._wait_gone()

    def kill_exchange(self) -> None:
        """Kill server and workers at once; return once the followers have ended by themselves."""
        for process_id, command in self.processes().items():
            if FOLLOW not in command:
                os.kill(process_id, signal.SIGKILL)
        self._wait_gone()

    def _wait_gone(self) -> None:
        self.process.wait(PATIENCE_SECONDS)
        pause, deadline = Event(), monotonic() + PATIENCE_SECONDS
        while left := [path for path in Path("/proc").glob("[0-9]*") if _holds_files(path, self.process.pid)]:
            assert monotonic() < deadline, f"still there: {left}"
            pause.wait(0.005)


def _lag_of(client: Client) -> int:
    lags: Mapping[str, int] = client.ask("GET", "/health").content["lag"]
    return max(lags.values())


def _command_line_of(process_id: int, group: int) -> str | None:
    """Return the command line of a process that lives and belongs to a group."""
    try:
        if os.getpgid(process_id) != group:
            return None
        # A process that has ended has none any more, reaped or not.
        return Path(f"/proc/{process_id}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (ProcessLookupError, FileNotFoundError):
        return None


def _holds_files(process: Path, group: int) -> bool:
    """Return whether a process of a group may still hold locks: it loses its command line before its files."""
    try:
        if os.getpgid(int(process.name)) != group:
            return False
        state = (process / "stat").read_text(encoding="utf-8").rpartition(") ")[2][0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state not in "ZX"


@contextmanager
def running(
    data_directory: Path, command: Sequence[str] = SERVE, work_directory: Path = SERVED_TREE, **settings: str
) -> Iterator[ServerProcess]:
    """Run a server; no process is left, even if the test fails."""
    server = ServerProcess(data_directory, command, work_directory, **settings)
    try:
        yield server
    finally:
        server.hang_up()
        if server.process.poll() is None:
            server.kill()


def command_line(data_directory: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run ``python -m order_engine`` to its end."""
    inherited = {name: text for name, text in os.environ.items() if name not in NOT_INHERITED}
    return subprocess.run(
        [sys.executable, "-m", "order_engine", *arguments],
        cwd=SERVED_TREE,
        env=inherited | {"DATA_DIR": str(data_directory), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def buy(**fields: object) -> Json:
    """A limit order to buy 10 at 100.00."""
    return {"user_id": "buyer", "symbol": "AAPL", "side": "BUY", "quantity": "10", "price": "100.00", **fields}


def sell(**fields: object) -> Json:
    """A limit order to sell 10 at 100.00."""
    return buy(**{"user_id": "seller", "side": "SELL", **fields})
