"""The supervisor: starts the followers' process, takes its reports, and restarts it when it ends or hangs.

A restart costs only some lag. A new process starts only once the old one is dead and reaped.
"""

import logging
import socket
import subprocess
from collections.abc import Callable, Mapping
from threading import Event, Lock, Thread
from time import monotonic

from order_engine.followers.control import Control, ControlClosed, Finish, Report, Want, WantSnapshot
from order_engine.followers.error_lines import ErrorLines
from order_engine.followers.progress import AUDIT, OK, SNAPSHOTS, SQL, Progress
from order_engine.followers.restart_pace import GrowingPatience, GrowingPause

log = logging.getLogger(__name__)

START_PATIENCE_SECONDS = 60.0
LISTEN_SECONDS = 0.5
EXIT_SECONDS = 5.0
ERROR_SECONDS = 1.0

Wish = Want | WantSnapshot | Finish
Spawn = Callable[[int], "subprocess.Popen[bytes]"]
"""Starts the process. It inherits the descriptor of its end of the control socket; its standard error is a pipe."""


class FollowerProcess:
    """Keeps one followers' process running and ``progress`` up to date.

    ``digests`` returns the exchange's newest digests. A replica with a different digest of the same interval diverged.
    ``wait`` pauses before a restart.
    """

    def __init__(
        self,
        spawn: Spawn,
        progress: Progress,
        digests: Callable[[], Mapping[int, int]],
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._spawn = spawn
        self._progress = progress
        self._digests = digests
        self._control: Control | None = None
        self._sending = Lock()
        # The last pending wish of each kind, which is sent again to a new process.
        self._asked: dict[type[Wish], Wish] = {}
        self._has_unsent = False
        self._stopped = Event()
        self._wait = wait or self._stopped.wait
        self._diverged_interval: int | None = None
        self._patience = GrowingPatience()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = Thread(target=self._supervise, name="followers", daemon=True)
        progress.on_want(lambda sequence: self._ask(Want(sequence)))

    @property
    def process_id(self) -> int | None:
        """The id of the running process, or of the last one."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process and keep it running."""
        self._thread.start()

    def want_snapshot(self, sequence: int) -> None:
        """Ask for a snapshot at a synced sequence or after it."""
        self._ask(WantSnapshot(sequence))

    def finish(self, sequence: int, seconds: float) -> bool:
        """Let the followers write up to the last sequence; kill them after ``seconds``. True if they have finished."""
        if not self._thread.is_alive():
            return False
        self._ask(Finish(sequence))
        self._thread.join(seconds)
        is_done = not self._thread.is_alive()
        self._stopped.set()
        if not is_done:
            self._kill()
            self._thread.join()
        return is_done

    def _supervise(self) -> None:
        pause = GrowingPause()
        while not self._stopped.is_set():
            began, before = monotonic(), self._written()
            try:
                if self._run_one():
                    return
            except Exception as error:
                # The exchange goes on without followers: log and report the error.
                log.exception("the followers cannot be run")
                self._tell(f"cannot be run: {type(error).__name__}: {error}")
            self._wait(pause.after(monotonic() - began, has_progressed=self._written() > before))

    def _written(self) -> int:
        return self._progress.of(SQL).sequence + self._progress.of(AUDIT).sequence

    def _run_one(self) -> bool:
        """Run one process to its end; True if it has finished."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = self._process = self._spawn(theirs.fileno())
            theirs.close()
            with self._sending:
                self._control = Control(ours)
            try:
                self._repeat()
                why = self._listen(self._control, ErrorLines(process))
            finally:
                with self._sending:
                    self._control = None
                self._kill()
        if Finish in self._asked and process.returncode == 0:
            return True
        self._progress.restarts += 1
        log.warning("the followers' process %d %s; it is started again", process.pid, why)
        self._tell(f"started again: process {process.pid} {why}")
        return False

    def _listen(self, control: Control, errors: ErrorLines) -> str:
        """Take reports until the process ends or hangs; return how it ended."""
        patience = self._patience
        expected_by = monotonic() + patience.of(START_PATIENCE_SECONDS)
        while True:
            try:
                for message in control.receive(LISTEN_SECONDS):
                    if isinstance(message, Report):
                        expected_by = monotonic() + patience.of(message.patience_seconds)
                        self._take(message)
            except ControlClosed:
                return self._ending(errors)
            if monotonic() > expected_by:
                patience.was_exhausted({name: self._progress.of(name).sequence for name in (SQL, AUDIT)})
                return "did not report in time and was killed"
            if self._has_unsent:
                self._repeat()

    def _ending(self, errors: ErrorLines) -> str:
        assert self._process is not None
        try:
            code = self._process.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            return "hung up, did not end and was killed"
        # Before a signal the process may have written anything; before its own exit, the error that ended it.
        last_line = errors.last_line(ERROR_SECONDS) if code > 0 else ""
        return f"ended with {code}: {last_line}" if last_line else f"ended with {code}"

    def _take(self, report: Report) -> None:
        progress = self._progress
        progress.replica_sequence = report.replica_sequence
        self._forget_done(report)
        self._compare(report.digests)
        progress.status = OK if self._diverged_interval is None else self._divergence()
        progress.report(report.sinks, reads_open=report.reads_open)

    def _compare(self, digests: Mapping[int, int]) -> None:
        ours = self._digests()
        for interval, digest in digests.items():
            if ours.get(interval, digest) != digest and self._diverged_interval is None:
                self._diverged_interval = interval
                log.critical("the replica %s", self._divergence())

    def _divergence(self) -> str:
        assert self._diverged_interval is not None
        first = self._diverged_interval * 1_000
        return f"diverged from the exchange between sequence {first} and {first + 999}: restart it, and run verify"

    def _tell(self, status: str) -> None:
        self._progress.status = status
        self._progress.notify()

    def _ask(self, wish: Wish) -> None:
        with self._sending:
            self._asked[type(wish)] = wish
            self._deliver(wish)

    def _repeat(self) -> None:
        with self._sending:
            self._has_unsent = False
            for wish in self._asked.values():
                self._deliver(wish)

    def _forget_done(self, report: Report) -> None:
        reached: dict[type[Wish], int] = {
            Want: report.sinks[SQL].sequence,
            WantSnapshot: report.sinks[SNAPSHOTS].synced_sequence,
        }
        with self._sending:
            for kind, sequence in reached.items():
                if kind in self._asked and self._asked[kind].sequence <= sequence:
                    del self._asked[kind]

    def _deliver(self, wish: Wish) -> None:
        """Send without waiting: a process that hangs and reads nothing must not block the exchange."""
        if self._control is not None:
            try:
                self._has_unsent |= not self._control.offer(wish)
            except ControlClosed:
                return  # The process is dead. The next one gets the wish.

    def _kill(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
