"""A throw-away PostgreSQL server: a cluster in a temporary directory, on a free port."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stress.server import free_port

START_TIMEOUT_SECONDS = 60


class PostgresUnavailable(Exception):
    """This machine cannot run a server; the message says what is missing."""


def newest_binaries() -> Path:
    """Return the directory of the newest PostgreSQL server programs, or raise PostgresUnavailable."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    if not found:
        raise PostgresUnavailable("no initdb in /usr/lib/postgresql/*/bin nor on the PATH")
    return max(found, key=_major_version)


class PostgresCluster:
    """One throw-away server; ``start`` and ``stop`` may alternate; its rows survive.

    Only with ``fsync`` do they survive a power cut too. With ``processor`` it runs on that one alone.
    """

    def __init__(
        self, directory: Path, binaries: Path, port: int, *, fsync: bool = False, processor: int | None = None
    ) -> None:
        self.directory = directory
        self.port = port
        self._binaries = binaries
        self._fsync = fsync
        self._processor = processor
        self._owner = _server_user()
        if self._owner:
            shutil.chown(directory, self._owner)
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync")

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the server's own database."""
        return f"postgresql+psycopg2://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        options += "" if self._fsync else " -c fsync=off"
        log = str(self.directory / "server.log")
        self._run("pg_ctl", "start", "-w", "-t", str(START_TIMEOUT_SECONDS), "-l", log, "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server: ``immediate`` cuts every connection as a crash does, ``fast`` closes them in order."""
        self._run("pg_ctl", "stop", "-w", "-m", mode)

    def freeze(self) -> None:
        """Freeze all its processes: connections stay open, and no query returns."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Resume all its processes."""
        self._signal(signal.SIGCONT)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze it for a while."""
        self.freeze()
        try:
            yield
        finally:
            self.thaw()

    def is_running(self) -> bool:
        """Return whether the server process runs."""
        return self._execute("pg_ctl", "status").returncode == 0

    def _signal(self, number: signal.Signals) -> None:
        # The postmaster first, so that it starts no other process meanwhile.
        postmaster = int((self.directory / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, number)
        for child in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), number)

    def _run(self, program: str, *arguments: str) -> None:
        finished = self._execute(program, *arguments)
        if finished.returncode:
            raise PostgresUnavailable(f"{program} {' '.join(arguments)}: {finished.stderr.strip()}")

    def _execute(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self._binaries / program), "-D", str(self.directory), *arguments]
        if self._owner:
            command = ["runuser", "-u", self._owner, "--", *command]
        if self._processor is not None and shutil.which("taskset"):
            command = ["taskset", "-c", str(self._processor), *command]
        # The server inherits standard output from pg_ctl: a pipe would stay open as long as it lives.
        with tempfile.TemporaryFile("w+") as errors:
            code = subprocess.call(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, timeout=120
            )
            errors.seek(0)
            return subprocess.CompletedProcess(command, code, "", errors.read())


@contextmanager
def running_cluster(*, fsync: bool = False, processor: int | None = None) -> Iterator[PostgresCluster]:
    """Make a cluster and start it; at the end stop and remove it."""
    binaries = newest_binaries()
    directory = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        cluster = PostgresCluster(directory, binaries, free_port(), fsync=fsync, processor=processor)
        cluster.start()
        try:
            yield cluster
        finally:
            if cluster.is_running():
                cluster.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root; root runs it as the user that the package made."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        raise PostgresUnavailable("root cannot run a server, and there is no user postgres") from None


def _major_version(binaries: Path) -> int:
    version = binaries.parent.name
    return int(version) if version.isdigit() else 0
